// Pages of programs and commands: the help of each, in the order of a manual page.

import type { Block, Entry } from './help.ts'
import { itemsOf, type Page } from './page.ts'
import type { Program } from './programs.ts'
import { filled, item, paragraph, plain, section, styled, verbatim } from './roff.ts'
import { ENVIRONMENT, FILES, FURTHER, SERVICE, SERVICE_EXAMPLES } from './words.ts'

/** The page of a command of `iose`. `exitCodes` are those of `iose`, for a help that does not list its own. */
export function commandPage(program: Program, exitCodes: readonly Entry[]): Page {
  const { words, summary, help } = program
  const name = words.join('-')
  const codes = help.exitCodes.length > 0 ? help.exitCodes : exitCodes
  const body = [
    synopsis(program),
    section('DESCRIPTION', blocks(help.description)),
    section(words.length === 2 ? 'SUBCOMMANDS' : 'COMMANDS', itemsIn(help.commands)),
    section('OPTIONS', blocks(help.options)),
    section('NOTES', blocks(help.notes)),
    section('EXIT STATUS', itemsIn(codes)),
    section('ENVIRONMENT', itemsOf(ENVIRONMENT[name] ?? {})),
    section('FILES', itemsOf(FILES[name] ?? {})),
    section('EXAMPLES', help.examples.map((line) => verbatim([line])).join('')),
  ].join('')
  const parent = words.length > 1 ? [`${words.slice(0, -1).join('-')}(1)`] : ['iosed(8)']
  const children = program.children.map((child) => `${child.words.join('-')}(1)`)
  const seeAlso = [...new Set([...parent, ...children, ...(FURTHER[name] ?? [])])]
  return { name, chapter: 1, summary, body, seeAlso }
}

/** The page of the gateway, with what is to be known of the service. */
export function daemonPage(program: Program): Page {
  const { summary, help } = program
  const examples = SERVICE_EXAMPLES.map(([comment, line]) => `${paragraph(comment)}${verbatim([line])}`)
  const body = [
    synopsis(program),
    section('DESCRIPTION', blocks(help.description)),
    section('OPTIONS', blocks(help.options)),
    section('THE SERVICE', SERVICE.map(paragraph).join('')),
    section('SIGNALS', filled(help.signals)),
    section('EXIT STATUS', itemsIn(help.exitCodes)),
    section('ENVIRONMENT', itemsOf(ENVIRONMENT['iosed'] ?? {})),
    section('FILES', itemsOf(FILES['iosed'] ?? {})),
    section('EXAMPLES', `${help.examples.map((line) => verbatim([line])).join('')}${examples.join('')}`),
  ].join('')
  return { name: 'iosed', chapter: 8, summary, body, seeAlso: FURTHER['iosed'] ?? [] }
}

/** Every line of the usage, the words of the command bold, arguments indented below it. */
function synopsis({ words, help }: Program): string {
  const command = words.join(' ')
  const lines = joined(help.usage, command).map((line) => {
    const end = line.indexOf(command) + command.length
    return `.HP 4\n\\fB${plain(line.slice(0, end))}\\fR${styled(line.slice(end), 'term')}\n`
  })
  return section('SYNOPSIS', lines.join(''))
}

/** A usage may go on in lines that do not begin with the command; `sudo` may stand before it. */
function joined(usage: readonly string[], command: string): string[] {
  const lines: string[] = []
  for (const line of usage) {
    if (line.replace(/^sudo /, '').startsWith(command)) lines.push(line)
    else if (lines.length > 0) lines.push(`${lines.pop() ?? ''} ${line}`)
    else throw new Error(`the usage of ${command} begins with something else: ${line}`)
  }
  return lines
}

function blocks(all: readonly Block[]): string {
  return all.map(blockOf).join('')
}

function blockOf(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return paragraph(block.text)
    case 'list':
      return itemsIn(block.entries)
    case 'verbatim':
      return verbatim(block.lines)
    default:
      return block satisfies never
  }
}

function itemsIn(entries: readonly Entry[]): string {
  return entries.map(({ term, text }) => item(term, text)).join('')
}
