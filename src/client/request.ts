// Requests as text: lines out of a command and its parameters, one text out of lines. Nothing in a parameter can end
// its line or become a parameter of its own.

import { hexOf } from '../base/hex.ts'
import { MAX_LINE_BYTES, tokensOf } from '../racs/grammar.ts'
import { ClientError } from './errors.ts'

export interface RacsRequest {
  /** Stands on BEGIN and comes back with the answer; none when undefined. */
  readonly id: string | undefined
  /** What stands between BEGIN and END. */
  readonly lines: readonly string[]
}

export interface ApduOptions {
  /** Four hex digits: with another final SW the request ends as refused. */
  readonly continueSw?: string | undefined
  /** Two hex digits: while SW1 is this one, the gateway fetches more. */
  readonly more?: string | undefined
  /** Eight hex digits, the command that fetches more; `00C00000` when undefined. */
  readonly fetch?: string | undefined
}

/** Lines of one request that a gateway must take. */
export const MAX_REQUEST_LINES = 10_000

/**
 * The whole request, latin1, to be sent in one write: older servers lose bytes of a line that comes in two.
 * @throws ClientError client.request
 */
export function requestText({ id, lines }: RacsRequest): string {
  if (lines.length > MAX_REQUEST_LINES) {
    throw unfit(`a request of ${lines.length} lines is over the ${MAX_REQUEST_LINES} that there may be`)
  }
  lines.forEach(checkLine)
  const begin = id === undefined ? 'BEGIN' : `BEGIN ${checkedId(id)}`
  return [begin, ...lines, 'END', ''].join('\r\n')
}

/**
 * One line out of a command and its parameters.
 * @throws ClientError client.request when a parameter is empty or holds anything but printable ASCII without blanks
 */
export function commandLine(command: string, ...parameters: readonly string[]): string {
  for (const parameter of parameters) {
    if (!/^[\x21-\x7e]+$/.test(parameter)) {
      throw unfit(`a parameter of ${command} is empty, or holds a blank, a line end or what is not ASCII`)
    }
    // RACS has no quoting: as the last token of a line this word is an option.
    if (parameter === 'APPEND') throw unfit(`a parameter of ${command} is the word APPEND`)
  }
  return [command, ...parameters].join(' ')
}

/**
 * The line of an APDU.
 * @param command  at least one byte; copied
 * @throws ClientError client.request; the message shows no byte of it
 */
export function apduLine(seid: string, command: Uint8Array, options: ApduOptions = {}): string {
  if (command.length === 0) throw unfit('an APDU of no bytes')
  if (options.fetch !== undefined && options.more === undefined) {
    throw unfit('FETCH without MORE: there is nothing to fetch')
  }
  return commandLine(
    'APDU',
    seid,
    hexOf(command),
    ...option('CONTINUE', options.continueSw, 4),
    ...option('MORE', options.more, 2),
    ...option('FETCH', options.fetch, 8),
  )
}

function option(name: string, value: string | undefined, digits: number): string[] {
  if (value === undefined) return []
  if (value.length !== digits || !/^[0-9A-Fa-f]+$/.test(value)) {
    throw unfit(`${name} takes ${digits} hex digits`)
  }
  return [`${name}=${value.toUpperCase()}`]
}

function checkLine(line: string, index: number): void {
  const where = `line ${index + 1}`
  // Latin1 without control characters; empty lines make older servers close the connection.
  if (!/^[\x20-\x7e\xa0-\xff]*$/.test(line)) {
    throw unfit(`${where} holds a tab, a line end or another character that RACS has not`)
  }
  if (line.length > MAX_LINE_BYTES) {
    throw unfit(`${where} is ${line.length} bytes long, of ${MAX_LINE_BYTES} that it may be`)
  }
  const [command] = tokensOf(line)
  if (command === undefined) throw unfit(`${where} is empty`)
  if (command === 'BEGIN' || command === 'END') throw unfit(`${where} is ${command} within a request`)
}

function checkedId(id: string): string {
  if (!/^[\x21-\x7e]{1,63}$/.test(id)) {
    throw unfit('the name behind BEGIN is not 1 to 63 printable ASCII characters without blanks')
  }
  return id
}

function unfit(message: string): ClientError {
  return new ClientError('client.request', message)
}
