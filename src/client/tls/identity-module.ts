// A pre-shared key that is in an element, TLS-IM or any other that has the same commands: it computes what needs the
// key, and keeps it (draft-urien-tls-im, HBSK and HEDSK).

import { ClientError } from '../errors.ts'
import type { PskHolder } from './secrets.ts'

/** The way to the element. */
export interface ApduChannel {
  /**
   * One command.
   * @returns data and status word, at least two bytes, a fresh array
   * @throws ClientError
   */
  transmit(command: Uint8Array): Promise<Uint8Array>
}

export interface ModuleOptions {
  /** PSK identity, one character per byte. */
  readonly identity: string
  /** User PIN, 1 to 8 bytes. */
  readonly pin: Uint8Array
}

/**
 * Selects the application and proves the PIN, once.
 *
 * ```
 * select   00 A4 04 00 06 010203040500
 * verify   00 20 00 00 Lc pin
 * binder   00 85 00 0C 20 hash(32)      -> 32 bytes
 * derive   00 85 00 0E 20 shared x(32)  -> 32 bytes, the handshake secret
 * ```
 * @param channel  to an element that nobody else uses meanwhile
 * @throws ClientError client.refused with what the status word means; no message shows a PIN or a secret. So do the
 *         calls of the holder
 */
export async function openIdentityModule(
  channel: ApduChannel,
  { identity, pin }: ModuleOptions,
): Promise<PskHolder> {
  await said(channel, 'select', Uint8Array.of(0x00, 0xa4, 0x04, 0x00, APPLET_AID.length, ...APPLET_AID))
  await said(channel, 'verify', Uint8Array.of(0x00, 0x20, 0x00, 0x00, pin.length, ...pin))
  const secretOf = async (step: 'binder' | 'derive', p2: number, input: Uint8Array): Promise<Uint8Array> => {
    const secret = await said(channel, step, Uint8Array.of(0x00, 0x85, 0x00, p2, input.length, ...input))
    if (secret.length === SECRET_BYTES) return secret
    throw new ClientError('client.protocol', `the identity module gave ${secret.length} bytes for ${step}`)
  }
  return {
    identity,
    binder: (hash) => secretOf('binder', 0x0c, hash),
    handshakeSecret: (shared) => secretOf('derive', 0x0e, shared),
  }
}

/** The data of a successful answer. */
async function said(channel: ApduChannel, step: string, command: Uint8Array): Promise<Uint8Array> {
  const answer = await channel.transmit(command)
  const [sw1 = 0, sw2 = 0] = answer.subarray(-2)
  if (sw1 === 0x90 && sw2 === 0) return answer.subarray(0, -2)
  const sw = ((sw1 << 8) | sw2).toString(16).toUpperCase().padStart(4, '0')
  throw new ClientError(
    'client.refused',
    `the identity module refuses ${step} (${sw}): ${meaningOf(step, sw)}`,
  )
}

function meaningOf(step: string, sw: string): string {
  // Both forms are in use: 63 0x of the applet, 63 Cx of ISO/IEC 7816-4.
  const tries = /^63[0C]([0-9A-F])$/.exec(sw)?.[1]
  if (step === 'verify' && tries !== undefined) {
    const left = Number.parseInt(tries, 16)
    return left === 0
      ? 'the PIN is blocked; its administrator can free it'
      : `a wrong PIN, ${left} ${left === 1 ? 'try' : 'tries'} left`
  }
  return MEANINGS[sw] ?? 'it cannot do that; is it a TLS-IM with a key in it?'
}

const APPLET_AID = [0x01, 0x02, 0x03, 0x04, 0x05, 0x00]
const SECRET_BYTES = 32
const MEANINGS: Readonly<Record<string, string>> = {
  '6380': 'the PIN is missing or wrong',
  '6982': 'the PIN is missing, or the gateway forbids this command',
  '6983': 'the PIN is blocked; its administrator can free it',
  '6A82': 'there is no such application on it',
  '6D00': 'the application does not have this command: it is no TLS-IM',
}
