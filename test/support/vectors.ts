// The recorded card sessions of test/vectors, typed.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOfHex } from '../../src/base/hex.ts'

/** A command and its response, as hex. */
export interface Exchange {
  name?: string
  command: string
  response: string
}

/** Secrets and keys of a session with fixed values, as hex, and all its APDUs. */
export interface SessionVector {
  clientPrivateKey: string
  serverPrivateKey: string
  clientRandom: string
  serverRandom: string
  serverPublicKey: string
  clientPublicKey: string
  ecdhX: string
  earlySecret: string
  handshakeSecret: string
  masterSecret: string
  clientHandshakeTraffic: string
  serverHandshakeTraffic: string
  clientApplicationTraffic: string
  serverApplicationTraffic: string
  setup: Exchange[]
  records: { name: string; record: string; apdus: Exchange[]; output: string; sw: string }[]
}

export const keystoreSession = read('tls-se-keystore-session.json') as SessionVector
export const echoSession = read('tls-se-echo-session.json') as SessionVector
/** Its commands with P1 = 01 and 02 in an open session are those of the echo applet. */
export const publishedScript = read('tls-se-published-script.json') as { apdus: Exchange[] }

/** The bytes of a hex literal that may be spaced by field: `'00 a4 04 00 | 00'`. */
export function bytes(hex: string): Uint8Array {
  const parsed = bytesOfHex(hex.replaceAll(/[\s|]/g, ''))
  if (parsed === undefined) throw new TypeError(`not hex: ${hex}`)
  return parsed
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../vectors', file), 'utf8'))
}
