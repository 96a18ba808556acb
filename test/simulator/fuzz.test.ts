import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hexOf } from '../../src/base/hex.ts'
import { Card, type CardOptions } from '../../src/simulator/card.ts'
import { clientHelloOf } from '../../src/simulator/client-hello.ts'
import { CardSession, VERIFY_ADMIN, VERIFY_USER } from '../support/card-session.ts'
import { record, TlsClient } from '../support/tls-client.ts'
import { bytes, keystoreSession } from '../support/vectors.ts'

const KINDS: Pick<CardOptions, 'applet' | 'protocol'>[] = [
  { applet: 'keystore', protocol: 't1' },
  { applet: 'keystore', protocol: 't0' },
  { applet: 'echo', protocol: 't1' },
  { applet: 'tls-im', protocol: 't1' },
  { applet: 'none', protocol: 't0' },
]

/** A card that reports its exceptions to the test instead of hiding them. */
function cards(): Card[] {
  return KINDS.map((kind) => {
    const onException = (error: unknown) =>
      assert.fail(`exception in the ${kind.applet} card: ${String(error)}`)
    const card = new Card({ ...kind, onException })
    card.reset()
    for (const pin of [VERIFY_USER, VERIFY_ADMIN]) card.process(bytes(pin))
    return card
  })
}

function assertSound(card: Card, apdu: Uint8Array): void {
  const { response } = card.process(apdu)
  assert.ok(response.length >= 2 && response.length <= 258, `${hexOf(apdu)} -> ${hexOf(response)}`)
}

const anyApdu = fc.uint8Array({ maxLength: 300 })
const wellFormed = fc
  .tuple(
    fc.constantFrom(
      0x20,
      0x24,
      0x80,
      0x81,
      0x82,
      0x84,
      0x85,
      0x87,
      0x88,
      0x89,
      0x8a,
      0x8b,
      0x8e,
      0x8f,
      0xa4,
      0xb0,
      0xc0,
      0xd0,
      0xd8,
      0xda,
    ),
    fc.oneof(fc.nat(8), fc.constantFrom(0x21, 0xff), fc.nat(255)),
    fc.oneof(fc.nat(8), fc.constantFrom(0x0a, 0x0b, 0x0e, 0x16, 0xfe, 0xff), fc.nat(255)),
    fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ minLength: 1, maxLength: 255 })),
  )
  .map(([ins, p1, p2, data]) => Buffer.concat([Uint8Array.of(0, ins, p1, p2, data.length), data]))

test('fuzz: no command throws inside a card, and every answer has 2 to 258 bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyApdu, wellFormed), { maxLength: 40 }), (apdus) => {
      for (const card of cards()) for (const apdu of apdus) assertSound(card, apdu)
    }),
    { numRuns: 60, seed: 1 },
  )
})

test('fuzz: mutated APDUs of the recorded session do no harm either', () => {
  const session = [...keystoreSession.setup, ...keystoreSession.records.flatMap(({ apdus }) => apdus)]
  const mutation = fc.record({ at: fc.nat(session.length - 1), offset: fc.nat(300), byte: fc.nat(255) })
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 4 }), (mutations) => {
      for (const card of cards().slice(0, 2)) {
        for (const [index, { command }] of session.entries()) {
          const apdu = bytes(command)
          for (const { at, offset, byte } of mutations) if (at === index) apdu[offset % apdu.length] = byte
          assertSound(card, apdu)
        }
      }
    }),
    { numRuns: 40, seed: 2 },
  )
})

test('fuzz: shell lines of any kind are answered or kill the session, nothing else', () => {
  const letter = fc.constantFrom(...'?cgprPXRstTvbkZIzq'.split(''))
  const selector = fc.constantFrom(
    '00',
    '01',
    '02',
    '03',
    '0A',
    '0B',
    '0C',
    '0D',
    '0E',
    'AA',
    'FF',
    '1f',
    '2',
    'zz',
  )
  const payload = fc.oneof(
    fc.constant(''),
    fc.string({ maxLength: 130 }),
    fc.uint8Array({ maxLength: 64 }).map(hexOf),
  )
  const line = fc
    .tuple(letter, selector, payload, fc.constantFrom('\n', '\r\n', ''))
    .map((parts) => parts.join(''))
  const session = new CardSession()
  session.apdu(VERIFY_ADMIN)
  fc.assert(
    fc.property(line, (text) => {
      const data = Buffer.from(text, 'latin1')
      if (data.length === 0) return
      const answer = session.apdu(hexOf(Buffer.concat([Uint8Array.of(0, 0xda, 0, 0xff, data.length), data])))
      assert.match(answer, /^6F00$|0D0A9000$/)
    }),
    { numRuns: 500, seed: 3 },
  )
})

test('fuzz: a ClientHello with any byte changed is answered, and never accepted with another binder', () => {
  const session = new CardSession()
  const hello = session.client.clientHelloMessage()
  for (let offset = 0; offset < hello.length; offset += 1) {
    const changed = Buffer.from(hello)
    changed[offset]! ^= 0x41
    assert.equal(session.record(record(0x16, changed)).sw, '6D16', `offset ${offset}`)
  }
})

test('fuzz: the ClientHello parser takes any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 512 }), (message) => {
      clientHelloOf(message)
    }),
    { numRuns: 300, seed: 4 },
  )
  const hello = new TlsClient().clientHelloMessage()
  assert.ok(clientHelloOf(hello) !== undefined)
})
