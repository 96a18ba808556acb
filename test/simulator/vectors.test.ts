import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { Card } from '../../src/simulator/card.ts'
import { bytes, type Exchange, echoSession, keystoreSession, publishedScript } from '../support/vectors.ts'

function replay(card: Card, exchanges: readonly Exchange[]): void {
  for (const { name, command, response } of exchanges) {
    assert.equal(hexOf(card.process(bytes(command)).response), response, name ?? command)
  }
}

for (const { applet, session } of [
  { applet: 'keystore', session: keystoreSession },
  { applet: 'echo', session: echoSession },
] as const) {
  test(`simulator: the ${applet} applet answers every APDU of its recorded session byte for byte`, () => {
    const card = new Card({ applet, protocol: 't1' })
    card.reset()
    replay(card, session.setup)
    for (const record of session.records) replay(card, record.apdus)
  })

  test(`simulator: the ${applet} applet answers its session alike when the records come in pieces of one byte`, () => {
    const card = new Card({ applet, protocol: 't1' })
    card.reset()
    replay(card, session.setup)
    for (const [index, { record, output, sw }] of session.records.entries()) {
      assert.equal(byteByByte(card, bytes(record), index === 0 ? 1 : 0), output + sw)
    }
  })
}

test('simulator: the published script runs on the echo applet, with decrypt and encrypt modes', () => {
  const card = new Card({ applet: 'echo', protocol: 't1' })
  card.reset()
  replay(card, publishedScript.apdus)
})

/** Sends a record in fragments of one byte and fetches all that comes of it. */
function byteByByte(card: Card, record: Uint8Array, mode: number): string {
  let output = ''
  let response: Uint8Array = new Uint8Array(0)
  for (const [offset, byte] of record.entries()) {
    const p2 = (offset === 0 ? 1 : 0) | (offset === record.length - 1 ? 2 : 0)
    response = card.process(Uint8Array.of(0, 0xd8, mode, p2, 1, byte)).response
    if ((p2 & 2) === 0) assert.equal(hexOf(response), '9000')
  }
  for (;;) {
    const status = hexOf(response.subarray(-2))
    output += hexOf(response.subarray(0, -2))
    if (!status.startsWith('9F')) return output + status
    response = card.process(bytes(`00 c0 00 00 ${status.slice(2)}`)).response
  }
}
