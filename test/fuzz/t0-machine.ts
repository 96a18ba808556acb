import assert from 'node:assert/strict'
import { commandOf } from '../../src/apdu/command.ts'
import { ApduError } from '../../src/apdu/errors.ts'
import { type T0Action, T0Machine } from '../../src/t0/machine.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** Whatever a card answers, a command ends within its caps, in bounds, and is sent with its data once. */
export const t0Machine: FuzzTarget = {
  name: 't0-machine',
  run(random) {
    const machine = new T0Machine()
    const commands = 1 + random.int(3)
    for (let count = 0; count < commands; count++) exchange(random, machine)
  },
}

function exchange(random: Random, machine: T0Machine): void {
  const bytes = commandBytes(random)
  const room = random.pick([0, 1, 2, 3, 10, 258, 1000])
  const around = new Uint8Array(room + 8).fill(0xee)
  const card = cardOf(random)
  let action: T0Action = machine.start(bytes, around.subarray(4, 4 + room))
  let sends = 0
  let writes = 0
  while (action.kind === 'send') {
    checkTpdu(action.tpdu, action.direction)
    sends++
    if (action.direction === 'write') writes++
    action = machine.received(card(action))
  }
  const command = commandOf(bytes)
  const envelopes = Math.ceil(bytes.length / 255) + 1
  assert.ok(
    writes <= (command !== undefined && command.data.length > 255 ? envelopes : 1),
    `${writes} writes`,
  )
  assert.ok(sends - writes <= 301, `${sends - writes} reads`)
  for (const edge of [around.subarray(0, 4), around.subarray(4 + room)]) {
    assert.ok(edge.every((byte) => byte === 0xee))
  }
  if (action.kind === 'failed') assert.ok(action.error instanceof ApduError)
  else assert.ok(action.length >= 2 && action.length <= room)
}

function checkTpdu(tpdu: Uint8Array, direction: 'read' | 'write'): void {
  assert.equal(tpdu.length, direction === 'read' ? 5 : 5 + (tpdu[4] ?? 0))
  const [cla = 0, ins = 0] = tpdu
  assert.ok(cla !== 0xff && (ins & 0xf0) !== 0x60 && (ins & 0xf0) !== 0x90)
}

function commandBytes(random: Random): Uint8Array {
  const nc = random.pick([0, 0, 1, 2, 255, 256, 300])
  const header = [random.pick([0x00, 0x80, 0xa0, random.int(256)]), random.int(256), 0, 0]
  if (random.oneIn(4)) return random.bytes(random.int(12))
  if (nc === 0) return Uint8Array.of(...header, ...random.pick([[], [0], [5], [0, 0, 0], [0, 1, 2]]))
  const isShort = nc < 256 && random.oneIn(2)
  const lc = isShort ? [nc] : [0, nc >> 8, nc & 0xff]
  const le = random.oneIn(2) ? [] : isShort ? [random.int(256)] : [random.int(2), random.int(256)]
  return Uint8Array.of(...header, ...lc, ...random.bytes(nc), ...le)
}

/** A card that answers anything, mostly in turns of what keeps an exchange going. */
function cardOf(random: Random): (sent: { tpdu: Uint8Array; direction: 'read' | 'write' }) => Uint8Array {
  const habit = random.pick([[0x61], [0x61, 0x6c], [0x90], [0x62, 0x6c, 0x61], [0x9f, 0x90, 0x61, 0x6a]])
  return ({ tpdu, direction }) => {
    if (random.oneIn(60)) return random.bytes(random.int(3))
    const asked = direction === 'read' ? tpdu[4] || 256 : 0
    const length = random.pick([0, 0, 0, Math.min(1, asked), asked, asked + (random.oneIn(20) ? 1 : 0)])
    return Uint8Array.of(...random.bytes(length), random.pick(habit), random.oneIn(2) ? 0 : random.int(256))
  }
}
