// The driver of a SIM array, with what it reported, and an array that answers as a test likes.

import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { type Arrival, type DriverEnvironment, RESPONSE_BYTES } from '../../src/drivers/driver.ts'
import { openSimArray, type SimArrayConfig, type SimArraySlot } from '../../src/drivers/sim-array.ts'

export function slotOf(number: number): SimArraySlot {
  return { number, seid: `array-${number}`, aliases: [], maxRecordBytes: 512 }
}

/** What a driver reported, in order, and the elements that are there now. */
export class Reports implements DriverEnvironment {
  readonly clock: Clock
  readonly log = silentLog
  readonly events: string[] = []
  readonly present = new Map<string, Arrival>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  onArrive(arrival: Arrival): void {
    assert.ok(!this.present.has(arrival.seid))
    this.present.set(arrival.seid, arrival)
    this.events.push(`+${arrival.seid}`)
  }

  onLeave(element: { readonly name: string }, cause: string): void {
    assert.equal(this.present.get(element.name)?.element, element)
    assert.notEqual(cause, '')
    this.present.delete(element.name)
    this.events.push(`-${element.name}`)
  }

  /** The element with this SEID. */
  element(seid: string) {
    const arrival = this.present.get(seid)
    assert.ok(arrival !== undefined, `${seid} is not there`)
    return arrival.element
  }
}

/** A driver for the array at `port`; disposed, it must leave nothing behind. */
export async function drive(port: number, settings: Partial<SimArrayConfig> & { clock?: Clock } = {}) {
  const { clock = systemClock, ...config } = settings
  const reports = new Reports(clock)
  const driver = await openSimArray(
    { host: '127.0.0.1', port, maxConnections: 16, slots: [], slotOf, ...config },
    reports,
  )
  const response = new Uint8Array(RESPONSE_BYTES)
  return {
    driver,
    reports,
    async send(seid: string, command: Uint8Array, deadline = clock.now() + 2000): Promise<Uint8Array> {
      return response.slice(0, await reports.element(seid).transmit(command, response, deadline))
    },
    [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose](),
  }
}

/** An array that answers as `answer` says: what it returns is sent as it is, nothing for undefined. */
export async function rogue(answer: (line: string, socket: Socket) => string | undefined, port = 0) {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    let rest = ''
    const say = (line: string): void => {
      const text = answer(line, socket)
      if (text !== undefined && socket.writable) socket.write(text, 'latin1')
    }
    say('')
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) say(line)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** What an array with one card in slot 101 answers; `line` is empty for the greeting. */
export function plainReplyTo(line: string): string {
  if (line === '') return '000 Welcome\r\n'
  if (line === 'CONTENT') return '000 101:4:8:0\r\n'
  if (line.startsWith('USE')) return '000 3B00\r\n'
  return line.startsWith('FREE') ? '000 OK\r\n' : '000 9000\r\n'
}
