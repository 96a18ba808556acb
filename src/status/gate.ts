// Who may have what on the status plane. On a loopback address everybody at the machine may read, but no page of
// somebody else through its reader's browser; elsewhere, and to do something, a token is needed.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4 } from 'node:net'

export interface GateOptions {
  /** The name or address that was configured. */
  readonly host: string
  /** What `Authorization: Bearer` must have behind it, to read. */
  readonly token: string
  /** The same, to do something; it is good for reading too. Undefined: nothing can be done here. */
  readonly operatorToken?: string | undefined
}

/** Status, words, headers. */
export type Refusal = readonly [number, string, Readonly<Record<string, string>>?]

/** What a path is for: anybody, those who may read, or those who may do something. */
export type Access = 'anybody' | 'reader' | 'operator'

export class Gate {
  readonly #options: GateOptions
  readonly #reader: Buffer
  readonly #operator: Buffer | undefined
  /** Nobody reaches it but from this machine. */
  isLocal = false

  constructor(options: GateOptions) {
    const { token, operatorToken } = options
    this.#options = options
    this.#reader = digestOf(token)
    this.#operator = operatorToken === undefined ? undefined : digestOf(operatorToken)
  }

  /** Something can be done here. */
  get hasOperator(): boolean {
    return this.#operator !== undefined
  }

  /** Why `request` is not answered; undefined: it is. */
  refusalOf({ headers }: IncomingMessage, access: Access): Refusal | undefined {
    if (!this.#isOurs(headers.host)) return [421, 'this is not the server of that name']
    if (access === 'anybody') return undefined
    if (!isSameOrigin(headers)) return [403, 'this is not for other pages']
    if (access === 'reader') return this.mayRead(headers) ? undefined : UNAUTHORISED
    if (!this.hasOperator) return [403, 'actions are off: [status] operator_token_file turns them on']
    // Browsers say where they come from with every POST.
    if (headers.origin === undefined) return [403, 'the header Origin must name this server']
    return this.mayAct(headers) ? undefined : UNAUTHORISED
  }

  /** A wrong token is a mistake, also where none is needed. */
  mayRead({ authorization }: IncomingHttpHeaders): boolean {
    if (authorization === undefined) return this.isLocal
    const given = digestOf(tokenIn(authorization))
    return timingSafeEqual(given, this.#reader) || this.#isOperator(given)
  }

  mayAct({ authorization }: IncomingHttpHeaders): boolean {
    return this.#isOperator(digestOf(tokenIn(authorization)))
  }

  /** Of equal length by hashing, and so compared in constant time. */
  #isOperator(given: Buffer): boolean {
    return this.#operator !== undefined && timingSafeEqual(given, this.#operator)
  }

  /** A page of somebody else whose name leads here must not talk to us through its reader's browser. */
  #isOurs(host = ''): boolean {
    const name = host
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, '')
      .toLowerCase()
    return isIP(name) > 0 || name === 'localhost' || name === this.#options.host.toLowerCase()
  }
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/**
 * Nothing in the request says that a page from elsewhere asks. Another port of this machine is elsewhere. `none`:
 * somebody has typed the address (W3C Fetch Metadata, Sec-Fetch-Site).
 */
function isSameOrigin({ 'sec-fetch-site': site, origin, host = '' }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  return origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`
}

function tokenIn(authorization = ''): string {
  return /^Bearer (.+)$/i.exec(authorization)?.[1] ?? ''
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')
const UNAUTHORISED: Refusal = [401, 'the token is missing or wrong', { 'WWW-Authenticate': 'Bearer' }]
