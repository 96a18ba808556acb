// URIs that hold a whole request: racs://host:port/?BEGIN=&APDU=SEID%20HEX&END= and
// https://host:port/RACS?BEGIN=&... (draft-urien-core-racs, URI and HTTP).

import { MAX_LINE_BYTES } from '../racs/grammar.ts'
import { ClientError } from './errors.ts'
import { MAX_REQUEST_LINES } from './request.ts'
import { requestsOf, type ScriptRequest } from './script.ts'

export interface RacsUri {
  /** An IPv6 address without its brackets. */
  readonly host: string
  readonly port: number
  readonly requests: readonly ScriptRequest[]
}

/** Longest URI, in characters: far over what carries one largest APDU. */
export const MAX_URI = 1_048_576

/** True when `text` is meant as a URI of these kinds, well-formed or not. */
export function isRacsUri(text: string): boolean {
  return /^(racs|https):\/\//i.test(text)
}

/**
 * Where `uri` leads and what it asks.
 * @throws ClientError client.request; the message shows no parameter
 */
export function parseRacsUri(uri: string): RacsUri {
  if (uri.length > MAX_URI) throw unfit(`longer than ${MAX_URI} characters`)
  const match = URI.exec(uri)
  if (match === null)
    throw unfit('not of the form racs://host:port/?COMMAND=parameters&... or https://host:port/RACS?...')
  const [, scheme = '', address = '', digits, path = '', query] = match
  const isHttps = scheme.toLowerCase() === 'https'
  if (path !== (isHttps ? '/RACS' : '/') && !(path === '' && !isHttps)) {
    throw unfit(`the path is not ${isHttps ? '/RACS' : '/'}`)
  }
  const port = digits === undefined ? DEFAULT_PORTS[isHttps ? 'https' : 'racs'] : Number(digits)
  if (port < 1 || port > 65_535) throw unfit('the port is not from 1 to 65535')
  if (query === undefined || query === '') throw unfit('it asks nothing')
  const items = query.split('&')
  if (items.length > MAX_REQUEST_LINES) throw unfit(`more than ${MAX_REQUEST_LINES} lines`)
  const lines = items.map((item, index) => ({ text: lineOf(item, index, isHttps), place: index + 1 }))
  return { host: address.replace(/^\[|\]$/g, ''), port, requests: requestsOf(lines) }
}

function lineOf(item: string, index: number, isForm: boolean): string {
  const [, command, encoded = ''] = /^([A-Za-z][A-Za-z-]*)(?:=(.*))?$/.exec(item) ?? []
  if (command === undefined) throw unfit(`item ${index + 1} is not COMMAND=parameters`)
  // A form in a browser writes a blank as a plus (assumed for RACS; the draft writes %20).
  const parameters = decoded(isForm ? encoded.replaceAll('+', ' ') : encoded)
  if (parameters === undefined || !/^[\x20-\x7e\xa0-\xff]*$/.test(parameters)) {
    throw unfit(`item ${index + 1} is badly encoded, or holds a line end or another control character`)
  }
  const line = parameters === '' ? command : `${command} ${parameters}`
  if (line.length > MAX_LINE_BYTES) throw unfit(`item ${index + 1} is longer than ${MAX_LINE_BYTES} bytes`)
  return line
}

/** One character per byte, as all text of RACS; undefined when a `%` is not followed by two hex digits. */
function decoded(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  return text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

function unfit(what: string): ClientError {
  return new ClientError('client.request', `the URI cannot be used: ${what}`)
}

// No user, no fragment; printable ASCII only.
const URI =
  /^(racs|https):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?(\/[!-"$->@-~]*)?(?:\?([!-"$-~]*))?$/i
/** The draft gives racs none; 7777 is the gateway's. */
const DEFAULT_PORTS = { racs: 7777, https: 443 } as const
