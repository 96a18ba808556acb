import { systemClock } from '../../src/base/clock.ts'
import { ArrayServer } from '../../src/simulator/array-server.ts'
import { LATENCY_PROFILES, type LatencyName } from '../../src/simulator/latency.ts'

/** A simulated SIM array on loopback: one board, slots 101 to 116, no cards. */
export function listen(port = 0, latency: LatencyName = 'none'): Promise<ArrayServer> {
  return ArrayServer.listen({
    ...{ boards: 1, slotsPerBoard: 16, host: '127.0.0.1', port },
    ...{ clock: systemClock, latency: LATENCY_PROFILES[latency] },
  })
}
