// URIs of trusted resources: schemeS://sen:psk@server:port/?query=command (draft-urien-coinrg-iose, URI). What is in
// one may be all that is needed to use an element, so none is shown whole unless somebody asks for that.

import { bytesOfHex, hexOf } from '../base/hex.ts'
import { type SecretBytes, secretOf } from '../base/secret.ts'
import { ClientError } from './errors.ts'

export interface IoseUri {
  /** The format of what is said, without the S: `shell` is lines that end with CR LF. Lower case. */
  readonly scheme: string
  /** The server name of the ClientHello, one character per byte. */
  readonly sen: string
  /** 32 bytes. */
  readonly psk?: SecretBytes | undefined
  /** A name or an address; an IPv6 one without its brackets. */
  readonly host: string
  readonly port: number
  /** What to say, one character per byte, as it stands in the URI; undefined when it says nothing. */
  readonly command?: string | undefined
}

/** True when `text` is meant as a URI of this kind, well-formed or not. */
export function isIoseUri(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*s:\/\/[^/?]*@/i.test(text)
}

/** @throws ClientError client.request; the message shows neither key nor command */
export function parseIoseUri(text: string): IoseUri {
  if (text.length > MAX_URI) throw unfit(`longer than ${MAX_URI} characters`)
  const match = URI.exec(text)
  if (match === null) throw unfit('not of the form shellS://NAME[:KEY]@HOST[:PORT]/[?query=COMMAND]')
  const [, scheme = '', name = '', key, address = '', digits, path = '', query] = match
  if (path !== '' && path !== '/') throw unfit('there is a path; only a query may follow the host')
  const port = digits === undefined ? DEFAULT_PORT : Number(digits)
  if (port < 1 || port > 65_535) throw unfit('the port is not from 1 to 65535')
  const sen = decoded(name, 'name')
  if (sen.length > MAX_SEN_BYTES) throw unfit(`the name is longer than ${MAX_SEN_BYTES} bytes`)
  const psk = key === undefined ? undefined : secretOf(bytesOfHex(key))
  if (key !== undefined && psk?.length !== PSK_BYTES) throw unfit('the key is not 64 hex digits')
  const host = address.replace(/^\[|\]$/g, '')
  return { scheme: scheme.toLowerCase(), sen, psk, host, port, command: commandIn(query) }
}

/**
 * The URI as text, which `parseIoseUri` takes for the same.
 * @param how  `redacted`: with `...` in the place of key and command, for people and logs
 */
export function formatIoseUri(
  { scheme, sen, psk, host, port, command }: IoseUri,
  how: 'whole' | 'redacted',
): string {
  const isWhole = how === 'whole'
  const key = psk === undefined ? '' : `:${isWhole ? hexOf(psk) : '...'}`
  const address = host.includes(':') ? `[${host}]` : host
  // The dot is dropped again: it keeps a command that begins with one as it is.
  const query = command === undefined ? '' : `?query=.${isWhole ? encoded(command) : '..'}`
  return `${scheme}S://${encoded(sen)}${key}@${address}:${port}/${query}`
}

/** What is sent for `command`: with the line end that the scheme wants. One character per byte. */
export function payloadOf(scheme: string, command: string): string {
  return scheme !== 'shell' || command.endsWith('\n') ? command : `${command}\r\n`
}

function commandIn(query: string | undefined): string | undefined {
  if (query === undefined || query === '') return undefined
  // Both forms are in use: the command by itself, and as a parameter with a dot before it.
  const isNamed = query.startsWith('query=')
  return decoded(isNamed ? query.slice('query='.length).replace(/^\./, '') : query, 'command')
}

/** One character per byte. */
function decoded(text: string, what: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) throw unfit(`the ${what} is badly encoded: % and two hex digits`)
  return text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

function encoded(text: string): string {
  return text.replace(
    /[^A-Za-z0-9._~-]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

function unfit(what: string): ClientError {
  return new ClientError('client.request', `the URI cannot be used: ${what}`)
}

// scheme and S; name[:key]; host; port; path; query. Printable ASCII, no fragment.
const URI =
  /^([a-z][a-z0-9+.-]*)s:\/\/([!-.0-9;->A-~]+)(?::([!-.0-9;->A-~]*))?@(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?(\/[!-"$->@-~]*)?(?:\?([!-"$-~]*))?$/i
const DEFAULT_PORT = 8888
const PSK_BYTES = 32
/** As much as a host_name of server_name that a gateway looks up in 255 bytes. */
const MAX_SEN_BYTES = 255
const MAX_URI = 65_536
