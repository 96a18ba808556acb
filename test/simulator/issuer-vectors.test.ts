// The card's side of the recorded sessions: what it answers to INITIALIZE UPDATE, that it takes every command, and
// what it makes of its answers.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { commandOf } from '../../src/simulator/command.ts'
import type { CardKeySet } from '../../src/simulator/issuer/key-ring.ts'
import { startScp02 } from '../../src/simulator/issuer/scp02-card.ts'
import { startScp03 } from '../../src/simulator/issuer/scp03-card.ts'
import { GP_VECTORS, type GpVector } from '../support/gp-vectors.ts'
import { hex } from '../support/hex-fields.ts'

function handshakeOf({
  protocol,
  i,
  enc,
  mac,
  dek,
  aid = 'A000000151000000',
  hostChallenge,
  answer,
}: GpVector) {
  const told = hex(answer)
  const version = told[10] ?? 0
  const counter = protocol === 'SCP02' ? told.subarray(12, 14) : told.subarray(29)
  const keys: CardKeySet = {
    ...{ version, enc: hex(enc), mac: hex(mac), dek: hex(dek), tries: 0 },
    algorithm: protocol === 'SCP02' ? '3des' : 'aes',
    counter: counter.reduce((sum, byte) => (sum << 8) | byte, 0),
  }
  const setting = { keys, i, kdd: told.subarray(0, 10), aid: hex(aid), hostChallenge: hex(hostChallenge) }
  const random = () => (protocol === 'SCP02' ? told.subarray(14, 20) : told.subarray(13, 21))
  return protocol === 'SCP02'
    ? startScp02({ ...setting, random })
    : startScp03({ ...setting, random, counts: 'all' })
}

function received(apdu: string) {
  const command = commandOf(hex(apdu))
  assert.ok(command !== undefined)
  return command
}

for (const vector of GP_VECTORS) {
  test(`issuer domain: answers and understands every byte of ${vector.name}`, () => {
    const handshake = handshakeOf(vector)
    assert.equal(hexOf(handshake.answer), vector.answer)
    const channel = handshake.authenticate(received(vector.authenticate))
    assert.ok(channel !== undefined)
    for (const { plain, sent, answer, clear } of vector.commands) {
      const opened = channel.open(received(sent))
      assert.ok(opened !== undefined, plain)
      assert.equal(hexOf(opened), hexOf(hex(plain).subarray(3)))
      if (answer === undefined) continue
      const data = hex(clear ?? answer.slice(0, -4))
      const closed = channel.close({ data, sw: Number.parseInt(answer.slice(-4), 16) })
      assert.equal(hexOf(closed.data), answer.slice(0, -4))
    }
  })

  test(`issuer domain: no bit of EXTERNAL AUTHENTICATE may be another one in ${vector.name}`, () => {
    const sent = hex(vector.authenticate)
    for (let bit = 5 * 8; bit < sent.length * 8; bit++) {
      const forged = sent.slice()
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(handshakeOf(vector).authenticate(received(hexOf(forged))), undefined, `bit ${bit}`)
    }
  })
}
