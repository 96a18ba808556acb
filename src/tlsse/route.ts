// From a ClientHello to the one slot that can answer it, before any slot is touched.

import { PeerError } from '../net/errors.ts'
import { senOfBytes } from '../slots/identity.ts'
import type { Inventory } from '../slots/inventory.ts'
import type { Slot } from '../slots/slot.ts'
import type { ClientHello } from './client-hello.ts'
import { RECORD_HEADER_BYTES } from './record.ts'

/**
 * The slot that `hello` names, if its element can be expected to answer.
 * @param messageBytes  length of the ClientHello handshake message; it will be one record
 * @throws PeerError peer.not-tls13, peer.no-sni, peer.unknown-sen (also for a name that two elements have), or
 *         peer.unfit-hello with what is missing
 */
export function routeOf(hello: ClientHello, messageBytes: number, inventory: Inventory): Slot {
  if (!hello.offersTls13) throw new PeerError('peer.not-tls13', 'the client does not offer TLS 1.3')
  const sen = hello.serverName && senOfBytes(hello.serverName)
  if (sen === undefined) throw new PeerError('peer.no-sni', 'the client names no server (SNI)')
  const [slot, ...namesakes] = inventory.bySen(sen)
  if (slot === undefined) throw new PeerError('peer.unknown-sen', `no element is named '${sen}'`)
  if (namesakes.length > 0) {
    throw new PeerError('peer.unknown-sen', `${namesakes.length + 1} elements are named '${sen}'`)
  }
  const missing = missingIn(hello)
  if (missing !== undefined) throw new PeerError('peer.unfit-hello', missing)
  const recordBytes = RECORD_HEADER_BYTES + messageBytes
  if (recordBytes > slot.maxRecordBytes) {
    const message = `ClientHello record of ${recordBytes} bytes, the element takes ${slot.maxRecordBytes}`
    throw new PeerError('peer.unfit-hello', message)
  }
  return slot
}

function missingIn(hello: ClientHello): string | undefined {
  if (!hello.offersSuite) return 'the client does not offer TLS_AES_128_CCM_SHA256'
  if (!hello.hasP256Share) return 'the client sends no P-256 key share'
  if (!hello.allowsPskDhe) return 'the client does not allow psk_dhe_ke'
  if (!hello.hasIdentity) return 'the client offers no PSK identity'
  return undefined
}
