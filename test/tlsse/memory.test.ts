import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../../src/base/clock.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import { TlsSeServer } from '../../src/tlsse/server.ts'
import { AnsweringElement } from '../support/answering-element.ts'
import { handshakeRecords, helloMessage } from '../support/hello-bytes.ts'
import { hex } from '../support/hex-fields.ts'
import { settle } from '../support/manual-clock.ts'
import { slotEnvironment } from '../support/slot-environment.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** One client, until the gateway has closed too. */
async function visit(port: number, bytes: Uint8Array): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.resume().end(bytes)
  await once(socket, 'close')
}

async function heapBytesAfter(plane: TlsSeServer, visits: () => Promise<void>): Promise<number> {
  await visits()
  while (plane.connections > 0) await settle()
  for (let round = 0; round < 3; round++) {
    await settle()
    collectGarbage()
  }
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
}

test('server: neither clients that say nothing nor whole sessions leave anything in memory', async () => {
  const environment = slotEnvironment({ clock: systemClock, queueLength: 64 })
  const inventory = new Inventory(environment)
  const element = new AnsweringElement()
  // The hello is answered by a record and the end of the session; every other command by 9000.
  element.answer = ([, ins, , p2 = 0]) =>
    hex(ins === 0xd8 && (p2 & 2) !== 0 ? '17 0303 0001 | aa | 9002' : '9000')
  await inventory.arrive({ element, seid: 'sim1', aliases: [], maxRecordBytes: 512 }, 'simulator')
  const limits = {
    helloTimeoutMs: 9e3,
    queueWaitMs: 9e3,
    handshakeTimeoutMs: 9e3,
    idleTimeoutMs: 9e3,
    sessionTimeoutMs: 9e3,
  }
  const places = { host: '127.0.0.1', port: 0, maxConnections: 500, maxConnectionsPerAddress: 500 }
  const plane = await TlsSeServer.listen({ ...places, ...limits }, { ...environment, inventory })
  const port = Number(plane.address.split(':').at(-1))
  const [hello = hex('')] = handshakeRecords(helloMessage())
  const visits = async (): Promise<void> => {
    for (let batch = 0; batch < 20; batch++) {
      const kinds = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? hello : hex('')))
      await Promise.all(kinds.map((bytes) => visit(port, bytes)))
    }
  }
  const before = await heapBytesAfter(plane, visits)
  const sessions = element.journal.filter((command) => command === '00D80000').length
  element.journal.length = 0
  const after = await heapBytesAfter(plane, async () => {
    await visits()
    element.journal.length = 0
  })
  await plane.close()
  assert.ok(sessions > 100, `${sessions} sessions`)
  // A session kept would cost its 16 KB of answer buffer, a connection kept several KB: 1,000 clients, 500 sessions.
  assert.ok(after - before < 1_000_000, `${Math.round((after - before) / 1024)} KB more after 1,000 clients`)
})
