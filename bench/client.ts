// Processor time of a handshake on the user's side: our client beside that of Node, both in this process, with one
// server in another.

import { once } from 'node:events'
import { connect } from 'node:tls'
import type * as clocks from '../src/base/clock.ts'
import type * as connections from '../src/client/tls/connection.ts'
import type * as secrets from '../src/client/tls/secrets.ts'
import { DEFAULT_PSK } from '../test/support/tls-client.ts'
import { built } from './built.ts'
import { Child } from './child.ts'
import { type Benchmark, median, rowOf } from './row.ts'

const NAME = 'client: processor time of a handshake'

export const client: Benchmark = {
  name: 'client',
  rows: [NAME],
  async run(pace) {
    const { systemClock } = await built<typeof clocks>('base/clock.js')
    const { ElementClient } = await built<typeof connections>('client/tls/connection.js')
    const { localPsk } = await built<typeof secrets>('client/tls/secrets.js')
    await using server = new Child('tls-server.ts')
    const { port } = await server.receive<{ port: number }>()
    const ours = async (): Promise<void> => {
      const place = { host: '127.0.0.1', port, sen: 'key1.com' }
      const deadline = systemClock.now() + 5_000
      const psk = localPsk(DEFAULT_PSK, 'Client_identity')
      const options = { psk, clock: systemClock, deadline, suites: [0x1304] as const }
      const session = await ElementClient.open(place, options)
      await session[Symbol.asyncDispose]()
    }
    const [samples, nodes]: [number[], number[]] = [[], []]
    for (let batch = 0; batch < BATCHES[pace]; batch++) {
      samples.push(await processorUsOf(ours))
      nodes.push(await processorUsOf(() => handshakeOfNode(port)))
    }
    const remark = `reference: Node's own client; aim: ratio of at most 3; ${BATCH} sessions a sample, opened and closed`
    return [rowOf({ name: NAME, unit: 'us', samples, reference: median(nodes), remark })]
  },
}

async function handshakeOfNode(port: number): Promise<void> {
  const socket = connect({
    ...{ host: '127.0.0.1', port, servername: 'key1.com', minVersion: 'TLSv1.3' },
    ...{ ciphers: 'TLS_AES_128_CCM_SHA256', ecdhCurve: 'P-256' },
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: DEFAULT_PSK, identity: 'Client_identity' }),
  })
  await once(socket, 'secureConnect')
  socket.end()
  socket.resume()
  await once(socket, 'close')
}

/** Of one call, over a batch of them. */
async function processorUsOf(call: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  for (let n = 0; n < BATCH; n++) await call()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / BATCH
}

const BATCH = 100
const BATCHES = { full: 20, quick: 2 }
