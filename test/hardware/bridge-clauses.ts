// The clauses of hardware/bridge/README.md that a host can check from its bus, by their numbers there.

import assert from 'node:assert/strict'
import { hexOf } from '../../src/base/hex.ts'
import { hex } from '../support/hex-fields.ts'
import { answerOf, BOOT_MS, frame } from './bridge-bench.ts'
import {
  APDU,
  assertNotReady,
  type Clause,
  counted,
  damaged,
  ECHO,
  ECHOED,
  GET_ATR,
  infOf,
  PCB_APDU,
  PCB_ATR,
  PCB_DAMAGED,
  PCB_ECHO,
  PCB_ELEMENT,
  PCB_OFF,
  PCB_OTHER,
  REPEAT,
} from './bridge-frames.ts'
import { BUS, FRAMES } from './bridge-wire-clauses.ts'

/** C: what a frame asks for. */
const COMMANDS: readonly Clause[] = [
  {
    id: 'C1',
    title: 'C0 brings the bytes that it sent',
    check: async (bench) => {
      await bench.begin()
      for (const inf of [counted(0), hex('AA 55'), hex('A5 5A 00 FF'), counted(254)]) {
        assert.equal(await bench.exchange(frame(PCB_ECHO, inf)), answerOf(PCB_ECHO, inf))
      }
    },
  },
  {
    id: 'C2',
    title: 'CF brings the historical bytes of the ATR, 15 at most, and nothing before them',
    check: async (bench) => {
      await bench.begin()
      const inf = infOf(await bench.exchange(GET_ATR), PCB_ATR)
      assert.ok(inf.length <= 15, `${inf.length} bytes`)
      assert.ok(inf[0] !== 0x3b && inf[0] !== 0x3f, 'begins with TS, so it is the whole ATR')
    },
  },
  {
    id: 'C3',
    title: 'CF brings the same whatever ran before',
    check: async (bench) => {
      await bench.begin()
      const first = await bench.exchange(GET_ATR)
      await bench.exchange(APDU)
      await bench.exchange(ECHO)
      assert.equal(await bench.exchange(GET_ATR), first)
    },
  },
  {
    id: 'C4',
    title: 'C1 brings what the card answers, status word last',
    check: async (bench) => {
      await bench.begin()
      const inf = infOf(await bench.exchange(APDU), PCB_APDU)
      assert.ok(inf.length >= 2, `${inf.length} bytes`)
      assert.match(hexOf(inf.subarray(-2)), /^[69]/)
    },
  },
  {
    id: 'C5',
    title: 'C3 takes the power from the card: 82 to every command until a reset',
    check: async (bench) => {
      await bench.begin()
      assert.equal(await bench.exchange(frame(PCB_OFF)), answerOf(PCB_OFF))
      assert.equal(await bench.exchange(APDU), answerOf(PCB_ELEMENT))
      assert.equal(await bench.exchange(APDU), answerOf(PCB_ELEMENT))
      await bench.begin()
      assert.match(await bench.exchange(APDU), /^A5C1/)
    },
  },
  {
    id: 'C6',
    title: 'each answer is that of the question before it',
    check: async (bench) => {
      await bench.begin()
      for (let value = 0; value < 5; value++) {
        const inf = Uint8Array.of(value)
        assert.equal(await bench.exchange(frame(PCB_ECHO, inf)), answerOf(PCB_ECHO, inf))
      }
    },
  },
]

/** R: repeats and errors. */
const REPEATS: readonly Clause[] = [
  {
    id: 'R1',
    title: '83 brings the last answer again, byte by byte, and runs nothing',
    check: async (bench) => {
      await bench.begin()
      const answer = await bench.exchange(APDU)
      for (let times = 0; times < 3; times++) assert.equal(await bench.exchange(REPEAT), answer)
    },
  },
  {
    id: 'R2',
    title: '83 brings the last answer also past a complaint of the bridge',
    check: async (bench) => {
      await bench.begin()
      const answer = await bench.exchange(APDU)
      assert.equal(await bench.exchange(damaged(REPEAT, 3)), answerOf(PCB_DAMAGED))
      assert.equal(await bench.exchange(REPEAT), answer)
    },
  },
  {
    id: 'R3',
    title: '83 before any answer is answered with 81',
    check: async (bench) => {
      await bench.begin()
      assert.equal(await bench.exchange(REPEAT), answerOf(PCB_OTHER))
    },
  },
  {
    id: 'R4',
    title: '83 brings an answer again of which a part was read',
    check: async (bench) => {
      await bench.begin()
      const answer = await bench.exchange(APDU)
      await bench.send(ECHO)
      while ((await bench.read(1))?.[0] !== 0xa5) continue
      assert.notEqual(answer, ECHOED)
      assert.equal(await bench.exchange(REPEAT), ECHOED)
    },
  },
  {
    id: 'R5',
    title: 'after an error it takes the next question',
    check: async (bench) => {
      await bench.begin()
      await bench.exchange(frame(PCB_OFF))
      assert.equal(await bench.exchange(APDU), answerOf(PCB_ELEMENT))
      assert.equal(await bench.exchange(ECHO), ECHOED)
    },
  },
]

/** P: reset and power-up. */
const POWER_UP: readonly Clause[] = [
  {
    id: 'P1',
    title: 'takes a frame 250 ms after the end of its reset',
    check: async (bench) => {
      await bench.begin(BOOT_MS)
      assert.ok(await bench.write(GET_ATR), 'not acknowledged after 250 ms')
      assert.match(await bench.answer(), /^A5CF/)
    },
  },
  {
    id: 'P2',
    title: 'gives 00 or does not acknowledge while it boots',
    check: async (bench) => {
      await bench.begin(0)
      const until = performance.now() + BOOT_MS
      while (performance.now() < until) await assertNotReady(bench, 'after a reset')
    },
  },
  {
    id: 'P3',
    title: 'a reset forgets half a frame',
    check: async (bench) => {
      await bench.begin()
      await bench.send(ECHO.subarray(0, 4))
      await bench.begin()
      assert.equal(await bench.exchange(ECHO), ECHOED)
    },
  },
  {
    id: 'P4',
    title: 'a reset forgets an answer that was not read to its end',
    check: async (bench) => {
      await bench.begin()
      await bench.send(ECHO)
      while ((await bench.read(1))?.[0] !== 0xa5) continue
      await bench.begin()
      await assertNotReady(bench, 'after a reset')
      assert.equal(await bench.exchange(GET_ATR).then((answer) => answer.slice(0, 4)), 'A5CF')
    },
  },
  {
    id: 'P5',
    title: 'a reset forgets what 83 would bring again',
    check: async (bench) => {
      await bench.begin()
      await bench.exchange(ECHO)
      await bench.begin()
      assert.equal(await bench.exchange(REPEAT), answerOf(PCB_OTHER))
    },
  },
]

export const CLAUSES: readonly Clause[] = [...BUS, ...FRAMES, ...COMMANDS, ...REPEATS, ...POWER_UP]
