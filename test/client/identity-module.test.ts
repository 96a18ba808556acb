// A key that stays in an element: what it computes for us is what we would compute with the key.

import assert from 'node:assert/strict'
import test from 'node:test'
import { bytesOfHex, hexOf } from '../../src/base/hex.ts'
import { type ApduChannel, openIdentityModule } from '../../src/client/tls/identity-module.ts'
import { localPsk } from '../../src/client/tls/secrets.ts'
import { Card } from '../../src/simulator/card.ts'
import { DEFAULT_PSK } from '../support/tls-client.ts'

const IDENTITY = 'Client_identity'
const PIN = Buffer.from('0000')
const HASH = new Uint8Array(32).map((_, index) => index)

/** A card, and what it was told, in hex. */
function cardChannel(): ApduChannel & { readonly told: string[] } {
  const card = new Card({ applet: 'keystore', protocol: 't1' })
  card.reset()
  const told: string[] = []
  return {
    told,
    transmit(command) {
      told.push(hexOf(command))
      return Promise.resolve(card.process(command).response)
    },
  }
}

/** Answers all commands alike. */
function fixedChannel(answers: Readonly<Record<string, string>>): ApduChannel {
  return {
    transmit(command) {
      const found = Object.entries(answers).find(([start]) => hexOf(command).startsWith(start))
      return Promise.resolve(bytesOfHex(found?.[1] ?? '9000') ?? new Uint8Array(0))
    },
  }
}

test('identity module: says SELECT and VERIFY once, then one command for each secret', async () => {
  const channel = cardChannel()
  const module = await openIdentityModule(channel, { identity: IDENTITY, pin: PIN })
  await module.binder(HASH)
  await module.handshakeSecret(HASH)
  assert.deepEqual(channel.told, [
    '00A4040006010203040500',
    '002000000430303030',
    `0085000C20${hexOf(HASH)}`,
    `0085000E20${hexOf(HASH)}`,
  ])
})

test('identity module: computes what the key itself would give', async () => {
  const module = await openIdentityModule(cardChannel(), { identity: IDENTITY, pin: PIN })
  const local = localPsk(DEFAULT_PSK, IDENTITY)
  assert.equal(module.identity, IDENTITY)
  assert.deepEqual(Buffer.from(await module.binder(HASH)), Buffer.from(await local.binder(HASH)))
  const derived = await module.handshakeSecret(HASH)
  assert.deepEqual(Buffer.from(derived), Buffer.from(await local.handshakeSecret(HASH)))
})

test('identity module: the secrets of the published trace (draft-urien-core-tls-se-io, section 4)', async () => {
  const dhe = bytesOfHex('45A4CB06906CD3426E9F8E02FD0EAA39E016729A8F00D08E34B907418723007E')!
  const expected = 'CD245FA960564A2F2BFFAB4FEFC60401196D95929D1668B25141DEBF99E2D94F'
  const module = await openIdentityModule(cardChannel(), { identity: IDENTITY, pin: PIN })
  for (const holder of [module, localPsk(DEFAULT_PSK, IDENTITY)])
    assert.equal(hexOf(await holder.handshakeSecret(dhe)), expected)
})

test('identity module: a refusal says what it means, and shows neither PIN nor secret', async () => {
  const rows: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ '00A4': '6A82' }, /refuses select \(6A82\): there is no such application/],
    [{ '0020': '6302' }, /refuses verify \(6302\): a wrong PIN, 2 tries left/],
    [{ '0020': '63C1' }, /refuses verify \(63C1\): a wrong PIN, 1 try left/],
    [{ '0020': '6300' }, /refuses verify \(6300\): the PIN is blocked/],
    [{ '0085000C': '6D00' }, /refuses binder \(6D00\): .*it is no TLS-IM/],
    [{ '0085000C': '6985' }, /refuses binder \(6985\): it cannot do that/],
    [{ '0085000C': `${'00'.repeat(31)}9000` }, /gave 31 bytes for binder/],
    [{ '0085000E': `${'00'.repeat(33)}9000` }, /gave 33 bytes for derive/],
  ]
  for (const [answers, message] of rows) {
    const channel = fixedChannel({ ...answers, '0085000C': answers['0085000C'] ?? `${'00'.repeat(32)}9000` })
    const handshake = async (): Promise<void> => {
      const module = await openIdentityModule(channel, { identity: IDENTITY, pin: Buffer.from('1234') })
      await module.binder(HASH)
      await module.handshakeSecret(HASH)
    }
    await assert.rejects(handshake(), (error: Error) => {
      assert.match(error.message, message)
      assert.ok(!/31323334|1234|0001020304/.test(error.message), error.message)
      return true
    })
  }
})
