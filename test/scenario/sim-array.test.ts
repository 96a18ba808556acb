// The whole gateway with cards in a SIM array: both planes, cards that change, and an array that misbehaves.

import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Card } from '../../src/simulator/card.ts'
import { Gateway } from '../support/gateway.ts'
import { askByOpenssl, askOnce, isMissing, NodePeer } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { listen } from '../support/simulated-array.ts'

const RECOVERY_MS = 3_000

const cardOf = (sen: string): Card => new Card({ applet: 'keystore', protocol: 't0', sen })

function tomlFor(port: number, more = ''): string {
  return `tls_se.handshake_timeout_ms = 1000\n[[slots]]\ndriver = "sim-array"\nhost = "127.0.0.1"\nport = ${port}\n${more}\n`
}

async function isServed(gateway: Gateway, sen: string): Promise<void> {
  const expiresAt = performance.now() + RECOVERY_MS
  for (;;) {
    const answer = await askOnce(gateway.port, sen).catch(String)
    if (answer === 'hello') return
    assert.ok(performance.now() < expiresAt, `not within ${RECOVERY_MS} ms: ${answer}`)
    await delay(20)
  }
}

test('sim array: openssl and the administration plane reach its cards', {
  skip: isMissing('openssl', 'version'),
}, async () => {
  await using array = await listen()
  for (const slot of [101, 102, 116]) array.insert(slot, cardOf(`sim${slot}.com`))
  await using gateway = await Gateway.start(tomlFor(array.port))
  await gateway.loggedTimes(3, 'slot.ready')
  const said = await Promise.all([101, 102, 116].map((slot) => askByOpenssl(gateway.port, `sim${slot}.com`)))
  for (const text of said) assert.match(text, /hello/)
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  assert.match((await racs.ask('LIST')).join(), /array-101.*array-102.*array-116/)
  await racs.ask('POWERON array-101')
  const [answer = ''] = await racs.ask('APDU array-101 00A4040006010203040500 CONTINUE=9000')
  assert.match(answer, /^\+006 .*9000$/)
})

test('sim array: of listed slots nothing else is touched, and names follow the template', async () => {
  await using array = await listen()
  for (const slot of [101, 102, 103]) array.insert(slot, cardOf('same.com'))
  await using gateway = await Gateway.start(tomlFor(array.port, 'slots = [101, 103]\nsen = "s{n}.com"'))
  await gateway.loggedTimes(2, 'slot.ready')
  assert.equal(await askOnce(gateway.port, 's103.com'), 'hello')
  await assert.rejects(askOnce(gateway.port, 's102.com'), /unrecognized name/)
})

test('sim array: a card that is swapped for one with another name is served by that name', async () => {
  await using array = await listen()
  array.insert(101, cardOf('old.com'))
  await using gateway = await Gateway.start(tomlFor(array.port))
  await gateway.logged('slot.ready', { sen: 'old.com' })
  assert.equal(await askOnce(gateway.port, 'old.com'), 'hello')
  array.insert(101, cardOf('new.com'))
  await gateway.logged('slot.ready', { sen: 'new.com' })
  await isServed(gateway, 'new.com')
  await assert.rejects(askOnce(gateway.port, 'old.com'), /unrecognized name/)
})

test('sim array: a slot that somebody else uses is no error, and served when it is free', async () => {
  await using array = await listen()
  array.insert(101, cardOf('sim.com'))
  const other = connect(array.port, '127.0.0.1')
  const lines = createInterface({ input: other })[Symbol.asyncIterator]()
  await lines.next()
  other.write('USE 101\r\n')
  await lines.next()
  await using gateway = await Gateway.start(tomlFor(array.port, 'sen = "sim.com"'))
  await assert.rejects(askOnce(gateway.port, 'sim.com'))
  other.destroy()
  await isServed(gateway, 'sim.com')
})

/** Between the gateway and a good array: answers commands to slot 101 itself while `answer` is set. */
class Saboteur implements AsyncDisposable {
  answer: ((socket: Socket) => void) | undefined
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer({ noDelay: true }, (socket) => this.#serve(socket))
  readonly #arrayPort: number

  private constructor(arrayPort: number) {
    this.#arrayPort = arrayPort
  }

  static async listen(arrayPort: number): Promise<Saboteur> {
    const saboteur = new Saboteur(arrayPort)
    await new Promise<void>((resolve) => saboteur.#server.listen(0, '127.0.0.1', resolve))
    return saboteur
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cutAll()
    await closed
  }

  #serve(near: Socket): void {
    const far = connect({ port: this.#arrayPort, host: '127.0.0.1', noDelay: true })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => one.destroy())
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    far.pipe(near)
    createInterface({ input: near })
      .on('error', () => undefined)
      .on('line', (line) => {
        if (this.answer !== undefined && /^[at]pdu 101 /.test(line)) this.answer(near)
        else far.write(`${line}\r\n`)
      })
  }
}

const ROWS: readonly [fault: string, answer: (socket: Socket) => void][] = [
  ['stops answering', () => undefined],
  ['closes in the middle of a line', (socket) => socket.end('000 90')],
  ['sends garbage', (socket) => socket.write('\x00\xff\x80 garbage\r\n', 'latin1')],
  ['sends a line without end', (socket) => socket.write('A'.repeat(300_000))],
  ['sends a wrong run length', (socket) => socket.write('000 *00AA9000\r\n')],
  ['sends more than any response has', (socket) => socket.write(`000 ${'*FF00'.repeat(258)}9000\r\n`)],
  ['announces more data without end', (socket) => socket.write('000 6110\r\n')],
  ['names another length without end', (socket) => socket.write('000 6C10\r\n')],
]

for (const [fault, answer] of ROWS) {
  test(`sim array: one that ${fault} costs the session that it happens to`, async () => {
    await using array = await listen()
    for (const slot of [101, 102]) array.insert(slot, cardOf(`sim${slot}.com`))
    await using saboteur = await Saboteur.listen(array.port)
    await using gateway = await Gateway.start(tomlFor(saboteur.port))
    await gateway.loggedTimes(2, 'slot.ready')
    await using neighbour = await NodePeer.open(gateway.port, 'sim102.com')
    saboteur.answer = answer
    await assert.rejects(askOnce(gateway.port, 'sim101.com'))
    assert.equal(await neighbour.ask('?01hello'), 'hello')
    saboteur.answer = undefined
    await isServed(gateway, 'sim101.com')
    assert.equal(await neighbour.ask('?01again'), 'again')
  })
}

test('sim array: one that was away serves its cards again', async () => {
  await using array = await listen()
  array.insert(101, cardOf('sim.com'))
  await using saboteur = await Saboteur.listen(array.port)
  await using gateway = await Gateway.start(
    `${tomlFor(saboteur.port)}[[slots]]\ndriver = "simulator"\nsen = "here.com"\n`,
  )
  await gateway.loggedTimes(2, 'slot.ready')
  await using neighbour = await NodePeer.open(gateway.port, 'here.com')
  await using session = await NodePeer.open(gateway.port, 'sim.com')
  saboteur.cutAll()
  await assert.rejects(session.ask('?01hello'))
  assert.equal(await neighbour.ask('?01hello'), 'hello')
  await isServed(gateway, 'sim.com')
})
