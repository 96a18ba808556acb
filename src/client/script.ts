// Scripts: request lines in a file, with comments; one request, or several between BEGIN and END.

import { tokensOf } from '../racs/grammar.ts'
import { ClientError } from './errors.ts'
import type { RacsRequest } from './request.ts'

/** A request of a script. */
export interface ScriptRequest extends RacsRequest {
  /** True when the script itself says BEGIN, and so which name stands on it. */
  readonly isFramed: boolean
  /** Where each of `lines` stands in the script, from 1. */
  readonly places: readonly number[]
}

/** A line and where it stands, from 1. */
export interface PlacedLine {
  readonly text: string
  readonly place: number
}

/**
 * The requests of a script, at least one.
 * @param text  latin1; lines that start with `#` or `//`, and empty ones, are comments
 * @throws ClientError client.request that names the line
 */
export function scriptOf(text: string): ScriptRequest[] {
  const lines = text
    .split('\n')
    .map((line, index) => ({ text: line.trim(), place: index + 1 }))
    .filter((line) => line.text !== '' && !isComment(line.text))
  return requestsOf(lines)
}

/** True for a line that a script does not send. */
export function isComment(line: string): boolean {
  return line.startsWith('#') || line.startsWith('//')
}

/**
 * The requests that `lines` make up: all of them one, unless there is a BEGIN among them.
 * @throws ClientError client.request
 */
export function requestsOf(lines: readonly PlacedLine[]): ScriptRequest[] {
  if (lines.length === 0) throw unfit('the script has no line to send')
  const isFramed = lines.some(({ text }) => FRAME.has(tokensOf(text)[0] ?? ''))
  if (!isFramed) return [{ id: undefined, isFramed, ...columnsOf(lines) }]
  const requests: ScriptRequest[] = []
  let open: { id: string | undefined; lines: PlacedLine[]; place: number } | undefined
  for (const line of lines) {
    const [first, id, ...rest] = tokensOf(line.text)
    if (first === 'BEGIN') {
      if (open !== undefined) throw unfit(`line ${line.place}: BEGIN, but line ${open.place} has no END yet`)
      if (rest.length > 0) throw unfit(`line ${line.place}: BEGIN takes one name`)
      open = { id, lines: [], place: line.place }
    } else if (open === undefined) {
      throw unfit(`line ${line.place}: before it a BEGIN is missing`)
    } else if (first === 'END') {
      requests.push({ id: open.id, isFramed, ...columnsOf(open.lines) })
      open = undefined
    } else {
      open.lines.push(line)
    }
  }
  if (open !== undefined) throw unfit(`line ${open.place}: BEGIN without END`)
  return requests
}

function columnsOf(lines: readonly PlacedLine[]): { lines: string[]; places: number[] } {
  return { lines: lines.map(({ text }) => text), places: lines.map(({ place }) => place) }
}

function unfit(message: string): ClientError {
  return new ClientError('client.request', message)
}

const FRAME: ReadonlySet<string> = new Set(['BEGIN', 'END'])
