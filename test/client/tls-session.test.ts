import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { localPsk } from '../../src/client/tls/secrets.ts'
import { TlsSession } from '../../src/client/tls/session.ts'
import { Card } from '../../src/simulator/card.ts'
import { exchange } from '../support/card-bridge.ts'
import { DEFAULT_PSK, recordsOf } from '../support/tls-client.ts'

const HOLDER = localPsk(DEFAULT_PSK, 'Client_identity')

test('tls client: opens a session with a card, talks, and says goodbye', async () => {
  const { session, say, secret } = await open()
  assert.equal(await say('?01hello\r\n'), 'hello\r\n')
  assert.equal(await say('?00\r\n'), await say('?00\r\n'))
  assert.equal(session.suite, 0x1304)
  assert.equal(secret().length, 32)
})

test('tls client: each byte of the flight of the server that is changed ends the handshake', async () => {
  const { flight } = await helloAndFlight()
  const positions = Array.from({ length: flight.length }, (_, n) => n)
  for (const position of positions) {
    const { session, flight: fresh } = await helloAndFlight()
    fresh[position] = (fresh[position] ?? 0) ^ 0x01
    let hasFailed = false
    try {
      for (const record of recordsOf(fresh)) await session.take(record)
    } catch {
      hasFailed = true
    }
    // A changed version in a record header is not looked at before keys are there, RFC 8446 section 5.1.
    const isHeader = position < 3
    assert.ok(hasFailed || isHeader || !session.isOpen, `byte ${position} of ${flight.length}`)
  }
})

test('tls client: a server with another key is told from one that is ill', async () => {
  const card = new Card({ applet: 'keystore', protocol: 't1', psk: Buffer.alloc(32, 9) })
  card.reset()
  const session = new TlsSession({ sen: 'key1.com', psk: HOLDER, random: randomBytes })
  assert.equal(exchange(card, await session.start()).sw, '6D16')
  const alert = Buffer.from('15030300020228', 'hex')
  await assert.rejects(session.take(alert), { code: 'client.refused', message: /wrong key or identity/ })
})

test('tls client: what a server may not send, in each state, is refused', async () => {
  const cases: readonly [string, string][] = [
    ['1603030006080000020000', 'EncryptedExtensions in clear'],
    ['17030300020102', 'application data before keys'],
    ['140303000102', 'a change of ciphers that is none'],
    ['15030300010a', 'an alert of one byte'],
    ['160303000402ffffff', 'a message of 16 MiB'],
    ['18030300020102', 'a record of an unknown type'],
    ['1603030004020000000100', 'an empty ServerHello'],
  ]
  for (const [hex, what] of cases) {
    const session = new TlsSession({ sen: 'key1.com', psk: HOLDER, random: randomBytes })
    await session.start()
    await assert.rejects(session.take(Buffer.from(hex, 'hex')), { name: 'ClientError' }, what)
  }
})

async function helloAndFlight() {
  const card = new Card({ applet: 'keystore', protocol: 't1' })
  card.reset()
  const session = new TlsSession({ sen: 'key1.com', psk: HOLDER, random: randomBytes })
  const { output, sw } = exchange(card, await session.start())
  assert.equal(sw, '9000')
  return { card, session, flight: Buffer.from(output) }
}

async function open() {
  const { card, session, flight } = await helloAndFlight()
  for (const record of recordsOf(flight)) {
    const { send } = await session.take(record)
    for (const answer of send) assert.equal(exchange(card, answer).sw, '9001')
  }
  assert.ok(session.isOpen)
  const say = async (text: string): Promise<string> => {
    const { output } = exchange(card, session.seal(Buffer.from(text, 'latin1')))
    const texts: Uint8Array[] = []
    for (const record of recordsOf(output)) texts.push(...(await session.take(record)).texts)
    return Buffer.concat(texts).toString('latin1')
  }
  return { session, say, secret: () => session.handshakeSecret }
}
