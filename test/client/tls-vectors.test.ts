// The client's key schedule and records against two recorded sessions with cards, every byte of which is known.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { Protection } from '../../src/client/tls/protection.ts'
import {
  applicationTraffic,
  finishedOf,
  handshakeTraffic,
  localPsk,
  sha256,
} from '../../src/client/tls/secrets.ts'
import { DEFAULT_PSK, recordsOf } from '../support/tls-client.ts'
import { bytes, echoSession, keystoreSession } from '../support/vectors.ts'

const HEADER_BYTES = 5
/** A list of one binder of 32 bytes: two lengths, the binder. */
const BINDERS_BYTES = 35
const CCM = 0x1304

for (const [name, vector] of [
  ['keystore', keystoreSession],
  ['echo', echoSession],
] as const) {
  const [hello, , finished, ...lines] = vector.records
  const clientHello = bytes(hello!.record).subarray(HEADER_BYTES)
  const [serverHello, ...protectedRecords] = recordsOf(Buffer.from(bytes(hello!.output)))
  const holder = localPsk(DEFAULT_PSK, 'Client_identity')

  test(`tls client: the secrets of the recorded ${name} session`, async () => {
    const binder = await holder.binder(sha256(clientHello.subarray(0, -BINDERS_BYTES)))
    assert.equal(hexOf(binder), hexOf(clientHello.subarray(-32)))
    const handshake = await holder.handshakeSecret(bytes(vector.ecdhX))
    assert.equal(hexOf(handshake), vector.handshakeSecret)
    const traffic = handshakeTraffic(handshake, sha256(clientHello, serverHello!.subarray(HEADER_BYTES)))
    assert.equal(hexOf(traffic.client), vector.clientHandshakeTraffic)
    assert.equal(hexOf(traffic.server), vector.serverHandshakeTraffic)
  })

  test(`tls client: the records of the recorded ${name} session, both ways`, () => {
    const server = new Protection(CCM, bytes(vector.serverHandshakeTraffic))
    const messages = protectedRecords.map((record) => server.open(record).bytes)
    const transcript = [clientHello, serverHello!.subarray(HEADER_BYTES), ...messages]
    // The Finished covers all that is before it, and has a header of four bytes.
    const before = sha256(...transcript.slice(0, -1))
    assert.equal(
      hexOf(finishedOf(bytes(vector.serverHandshakeTraffic), before)),
      hexOf(messages.at(-1)!.subarray(4)),
    )
    const verify = finishedOf(bytes(vector.clientHandshakeTraffic), sha256(...transcript))
    const sending = new Protection(CCM, bytes(vector.clientHandshakeTraffic))
    const message = Buffer.concat([Uint8Array.of(20, 0, 0, 32), verify])
    assert.equal(hexOf(sending.seal({ type: 22, bytes: message })), finished!.record)

    const traffic = applicationTraffic(bytes(vector.handshakeSecret), sha256(...transcript))
    assert.equal(hexOf(traffic.client), vector.clientApplicationTraffic)
    assert.equal(hexOf(traffic.server), vector.serverApplicationTraffic)
    const [toCard, fromCard] = [new Protection(CCM, traffic.client), new Protection(CCM, traffic.server)]
    const reading = new Protection(CCM, traffic.client)
    for (const line of lines) {
      const text = reading.open(bytes(line.record))
      assert.equal(hexOf(toCard.seal(text)), line.record, line.name)
      if (line.output !== '') assert.equal(fromCard.open(bytes(line.output)).type, 23, line.name)
    }
  })
}
