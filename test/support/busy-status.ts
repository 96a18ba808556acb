// A status plane of a gateway in which something of everything has happened.

import type { SessionClosed } from '../../src/base/plane-events.ts'
import { noBusCounts } from '../../src/drivers/wire-counts.ts'
import type { SlotEvent } from '../../src/slots/events.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import { reportOf, StatusBench } from './status-bench.ts'

/** Something of everything has happened. */
export async function busyBench(): Promise<StatusBench> {
  const bench = await StatusBench.start([reportOf(1), reportOf(2, { state: 'mute' })])
  bench.wires = [
    {
      ...{ seid: 'i2c-1-48', medium: 'i2c-1', t1: { repeats: 1, resyncs: 0 } },
      bus: { ...noBusCounts(), busyMs: 1, transfers: 1 },
    },
  ]
  await beBusy(bench)
  return bench
}

export async function beBusy({ metrics, events }: StatusBench): Promise<void> {
  const { observer } = metrics
  const line = { ...CLIENT, command: 'APDU', seid: 'sim1', header: '00200000' }
  const story = { ...PEER, cause: 'x', records: 1, commands: 1, durationMs: 5 }
  await observer.tell({ kind: 'session.opened', ...PEER, waitedMs: 1 })
  await observer.tell(closed({ ...story, code: 'closed', handshakeMs: 3 }))
  await observer.tell({ kind: 'client.opened', ...CLIENT, cn: 'alice', fingerprint: 'AB' })
  await observer.tell({ kind: 'command.started', ...line })
  await observer.tell({ kind: 'command.failed', ...line, code: 'access.forbidden', cause: 'x' })
  const end = { code: 'closed', cause: 'x', lines: 3, failures: 1, durationMs: 5 }
  await observer.tell({ kind: 'client.closed', ...CLIENT, ...end })
  events.publish(COMMANDED)
  metrics.onTry('verification', 'counted')
}

export function closed(story: Omit<SessionClosed, 'kind'>): SessionClosed {
  return { kind: 'session.closed', ...story }
}

export const PEER = { peer: '192.0.2.7:1', sen: 'key1.com', pool: undefined, seid: 'sim1', slot: 1 }
export const CLIENT = { peer: '192.0.2.7:2', user: 'alice' }
export const COMMANDED: Extract<SlotEvent, { kind: 'commanded' }> = {
  ...{ kind: 'commanded', slot: 1 as SlotId, seid: 'sim1' as Seid, driver: 'simulator' },
  ...{ holder: 'tls-se 192.0.2.7:1', outcome: 'answered', durationMs: 3 },
}
