import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { SECP256R1, sharedX } from '../../src/simulator/curves.ts'
import {
  applicationTraffic,
  handshakeTraffic,
  hmac,
  masterSecretOf,
  pskSecretsOf,
  Transcript,
} from '../../src/simulator/key-schedule.ts'
import { RecordProtection } from '../../src/simulator/record-protection.ts'
import { DEFAULT_PSK, recordsOf } from '../support/tls-client.ts'
import { bytes, echoSession, keystoreSession } from '../support/vectors.ts'

for (const [name, vector] of [
  ['echo', echoSession],
  ['keystore', keystoreSession],
] as const) {
  test(`key schedule: every secret of the recorded ${name} session follows from its keys and messages`, () => {
    const secrets = pskSecretsOf(DEFAULT_PSK)
    assert.equal(hexOf(secrets.earlySecret), vector.earlySecret)

    const x = sharedX(SECP256R1, bytes(vector.serverPrivateKey), bytes(vector.clientPublicKey))
    assert.equal(hexOf(x!), vector.ecdhX)
    assert.equal(
      hexOf(sharedX(SECP256R1, bytes(vector.clientPrivateKey), bytes(vector.serverPublicKey))!),
      vector.ecdhX,
    )
    const handshakeSecret = hmac(secrets.derivedSecret, x!)
    assert.equal(hexOf(handshakeSecret), vector.handshakeSecret)

    const transcript = new Transcript()
    const [clientHello] = vector.records
    transcript.add(bytes(clientHello!.record).subarray(5))
    const [serverHello, extensions, finished] = recordsOf(bytes(clientHello!.output))
    transcript.add(serverHello!.subarray(5))
    const handshake = handshakeTraffic(handshakeSecret, transcript.digest())
    assert.equal(hexOf(handshake.client), vector.clientHandshakeTraffic)
    assert.equal(hexOf(handshake.server), vector.serverHandshakeTraffic)

    const server = new RecordProtection(handshake.server)
    for (const record of [extensions, finished]) transcript.add(server.open(record!)!.subarray(0, -1))
    const masterSecret = masterSecretOf(handshakeSecret)
    assert.equal(hexOf(masterSecret), vector.masterSecret)
    const application = applicationTraffic(masterSecret, transcript.digest())
    assert.equal(hexOf(application.client), vector.clientApplicationTraffic)
    assert.equal(hexOf(application.server), vector.serverApplicationTraffic)
  })
}
