// From a ClientHello to who can answer it, one slot or a pool of them, before any slot is touched.

import { PeerError } from '../net/errors.ts'
import { type Sen, senOfBytes } from '../slots/identity.ts'
import type { Inventory } from '../slots/inventory.ts'
import type { Lease } from '../slots/lease.ts'
import { PoolLine } from '../slots/pool-line.ts'
import type { Slot } from '../slots/slot.ts'
import type { LeaseRequest } from '../slots/waiting-line.ts'
import type { ClientHello } from './client-hello.ts'
import { RECORD_HEADER_BYTES } from './record.ts'

/** Where a name leads. */
export interface Route {
  readonly sen: Sen
  /** The pool's name, when it is one. */
  readonly pool?: string
  /** The one slot of that name, when it is no pool. */
  readonly slot?: Slot
  /** As Slot.acquire and PoolLine.acquire. */
  acquire(request: LeaseRequest, signal: AbortSignal): Promise<Lease>
}

/**
 * Where the name in `hello` leads, if an element there can be expected to answer.
 * @param messageBytes  length of the ClientHello handshake message; it will be one record
 * @throws PeerError peer.not-tls13, peer.no-sni, peer.unknown-sen (also for a name that two elements have, and a pool
 *         without elements), or peer.unfit-hello with what is missing
 */
export function routeOf(hello: ClientHello, messageBytes: number, inventory: Inventory): Route {
  if (!hello.offersTls13) throw new PeerError('peer.not-tls13', 'the client does not offer TLS 1.3')
  const sen = hello.serverName && senOfBytes(hello.serverName)
  if (sen === undefined) throw new PeerError('peer.no-sni', 'the client names no server (SNI)')
  const target = inventory.pool(sen) ?? slotNamed(sen, inventory)
  if (target instanceof PoolLine && target.members.length === 0) {
    throw new PeerError('peer.unknown-sen', `pool '${sen}' has no element now`)
  }
  const missing = missingIn(hello)
  if (missing !== undefined) throw new PeerError('peer.unfit-hello', missing)
  const recordBytes = RECORD_HEADER_BYTES + messageBytes
  if (recordBytes > target.maxRecordBytes) {
    const message = `ClientHello record of ${recordBytes} bytes, the element takes ${target.maxRecordBytes}`
    throw new PeerError('peer.unfit-hello', message)
  }
  if (target instanceof PoolLine) {
    return { sen, pool: sen, acquire: (request, signal) => target.acquire(request, recordBytes, signal) }
  }
  return { sen, slot: target, acquire: (request, signal) => target.acquire(request, signal) }
}

function slotNamed(sen: Sen, inventory: Inventory): Slot {
  const [slot, ...namesakes] = inventory.bySen(sen)
  if (slot === undefined) throw new PeerError('peer.unknown-sen', `no element is named '${shown(sen)}'`)
  if (namesakes.length === 0) return slot
  const seids = [slot, ...namesakes].map(({ seid }) => seid)
  const named = seids.slice(0, MAX_NAMED).join(', ') + (seids.length > MAX_NAMED ? ', ...' : '')
  throw new PeerError('peer.unknown-sen', `${seids.length} elements are named '${sen}': ${named}`)
}

function missingIn(hello: ClientHello): string | undefined {
  if (!hello.offersSuite) return 'the client does not offer TLS_AES_128_CCM_SHA256'
  if (!hello.hasP256Share) return 'the client sends no P-256 key share'
  if (!hello.allowsPskDhe) return 'the client does not allow psk_dhe_ke'
  if (!hello.hasIdentity) return 'the client offers no PSK identity'
  return undefined
}

/** A name that nothing here has, for the log: somebody may have put a key where a name belongs. */
function shown(name: string): string {
  return name.slice(0, MAX_SHOWN).replace(/[0-9A-Fa-f]{32,}/g, '...')
}

const MAX_SHOWN = 64
/** Clients bring about these lines: no more SEIDs than a person reads. */
const MAX_NAMED = 20
