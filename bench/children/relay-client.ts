// Sends a record, waits for as many bytes, again and again; reports each round trip in microseconds.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

interface Task {
  port: number
  /** Hex of what goes before: the ClientHello, answered by 9 bytes, and a record without an answer. */
  prelude: string[]
  recordBytes: number
  rounds: number
}

process.on('message', (task: Task) => {
  run(task).then(
    (roundTrips) => process.send?.({ roundTrips }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function run({ port, prelude, recordBytes, rounds }: Task): Promise<number[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const [hello, finished] = prelude
  if (hello !== undefined && finished !== undefined) {
    await roundTrip(socket, Buffer.from(hello, 'hex'), FLIGHT_BYTES)
    socket.write(Buffer.from(finished, 'hex'))
  }
  const record = Buffer.alloc(recordBytes, 0x5a)
  record.set([0x17, 0x03, 0x03, (recordBytes - 5) >> 8, (recordBytes - 5) & 0xff])
  for (let round = 0; round < WARM_UP; round++) await roundTrip(socket, record, recordBytes)
  const roundTrips: number[] = []
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    await roundTrip(socket, record, recordBytes)
    roundTrips.push(Number(process.hrtime.bigint() - start) / 1000)
  }
  socket.destroy()
  return roundTrips
}

function roundTrip(socket: Socket, bytes: Uint8Array, answerBytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0
    const onData = (chunk: Buffer): void => {
      received += chunk.length
      if (received < answerBytes) return
      socket.off('data', onData).off('close', onClose)
      resolve()
    }
    const onClose = (): void => reject(new Error(`closed after ${received} of ${answerBytes} bytes`))
    socket.on('data', onData).on('close', onClose)
    socket.write(bytes)
  })
}

// The one who wants to know has gone.
process.on('disconnect', () => process.exit())

const FLIGHT_BYTES = 9
const WARM_UP = 200
