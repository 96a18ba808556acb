// What subcommands print on standard output. Text of the gateway is made harmless on its way to a terminal.

import { printable } from '../../../client/printable.ts'
import type { RacsReply } from '../../../client/racs.ts'
import { formatStatusLine, type StatusLine } from '../../../racs/grammar.ts'
import type { SharedOptions } from './options.ts'
import { statusWordMeaning } from './status-words.ts'

export function printLine(text: string): void {
  process.stdout.write(`${printable(text)}\n`)
}

/** One JSON value, on one line. JSON itself spells only the first of the control characters. */
export function printJson(value: unknown): void {
  const json = JSON.stringify(value).replace(
    /[\x7f-\x9f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  )
  process.stdout.write(`${json}\n`)
}

/** The answer to a command about one element: for programs all of it, for people a line, unless they want none. */
export function printStatus(shared: SharedOptions, seid: string, status: StatusLine): void {
  const { sign, code, text } = status
  if (shared.isJson) printJson({ seid, status: `${sign}${code}`, text })
  else if (!shared.isQuiet) printLine(text)
}

/** All of an answer. @param how  `explained` adds what a status word means */
export function printReply(reply: RacsReply, shared: SharedOptions, how: 'plain' | 'explained'): void {
  if (shared.isJson) {
    const statuses = reply.statuses.map(({ sign, code, line, text }) => ({
      status: `${sign}${code}`,
      line,
      text,
    }))
    printJson({ id: reply.id ?? null, statuses })
  } else if (!shared.isQuiet) {
    for (const status of reply.statuses) {
      printLine(formatStatusLine(status) + (how === 'explained' ? meaningOf(status) : ''))
    }
  }
}

function meaningOf({ sign, code, text }: StatusLine): string {
  const sw = sign === '+' && code === '006' ? /([0-9A-Fa-f]{4})\s*$/.exec(text)?.[1] : undefined
  return sw === undefined ? '' : `  (${statusWordMeaning(sw.toUpperCase())})`
}
