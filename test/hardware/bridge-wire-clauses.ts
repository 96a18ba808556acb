// The clauses of hardware/bridge/README.md about accesses and frames, by their numbers there.

import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { hex } from '../support/hex-fields.ts'
import { answerOf, frame, sealed } from './bridge-bench.ts'
import {
  APDU,
  assertNotReady,
  type Clause,
  counted,
  damaged,
  ECHO,
  ECHOED,
  PARTIAL_OVER_MS,
  PARTIAL_SURE_MS,
  PCB_APDU,
  PCB_DAMAGED,
  PCB_ECHO,
  PCB_ELEMENT,
  PCB_OTHER,
} from './bridge-frames.ts'

/** B: accesses. */
export const BUS: readonly Clause[] = [
  {
    id: 'B1',
    title: 'acknowledges its address for a write and for a read when it is idle',
    check: async (bench) => {
      await bench.begin()
      assert.ok(await bench.write(hex('5A')), 'write not acknowledged')
      await delay(PARTIAL_OVER_MS)
      assert.equal(await bench.exchange(ECHO), ECHOED)
    },
  },
  {
    id: 'B2',
    title: 'does not acknowledge the address beside its own',
    check: async (bench) => {
      await bench.begin()
      const beside = bench.target.address + 1
      assert.equal(await bench.write(hex('5A'), beside), false)
      assert.equal(await bench.read(1, beside), undefined)
    },
  },
  {
    id: 'B3',
    title: 'takes a frame in accesses of any size, up to 50 ms apart',
    check: async (bench) => {
      await bench.begin()
      const inf = counted(60)
      for (const size of [1, 2, 3, 31, 32, 33, 65]) {
        await bench.send(frame(PCB_ECHO, inf), { size })
        assert.equal(await bench.answer(), answerOf(PCB_ECHO, inf), `${size} bytes an access`)
      }
      for (let tries = 0; tries < 5; tries++) {
        await bench.begin()
        const longestMs = await bench.send(frame(PCB_ECHO, inf), { size: 32, pauseMs: 50 })
        // On a busy machine 50 ms may become any time.
        if (longestMs < PARTIAL_SURE_MS) break
      }
      assert.equal(await bench.answer(), answerOf(PCB_ECHO, inf), '50 ms apart')
    },
  },
  {
    id: 'B4',
    title: 'gives an answer in accesses of any size',
    check: async (bench) => {
      await bench.begin()
      const inf = counted(60)
      for (const size of [1, 2, 31, 32, 64]) {
        await bench.send(frame(PCB_ECHO, inf))
        assert.equal(await bench.answer({ size }), answerOf(PCB_ECHO, inf), `${size} bytes an access`)
      }
    },
  },
  {
    id: 'B5',
    title: 'gives 00 or does not acknowledge before a question and while it computes',
    check: async (bench) => {
      await bench.begin()
      await assertNotReady(bench, 'before any question')
      await bench.send(APDU)
      // `answer` takes nothing but 00 and A5.
      assert.match(await bench.answer(), /^A5C1/)
    },
  },
  {
    id: 'B6',
    title: 'gives 00 or does not acknowledge once its answer is read',
    check: async (bench) => {
      await bench.begin()
      assert.equal(await bench.exchange(ECHO), ECHOED)
      for (let times = 0; times < 3; times++) await assertNotReady(bench, 'after an answer')
    },
  },
  {
    id: 'B7',
    title: 'is not put out by a read that comes too early',
    check: async (bench) => {
      await bench.begin()
      for (let at = 0; at < APDU.length; at += 4) {
        await bench.send(APDU.subarray(at, at + 4))
        if (at + 4 < APDU.length) await assertNotReady(bench, 'within a frame')
      }
      assert.match(await bench.answer(), /^A5C1/)
    },
  },
]

/** F: frames. */
export const FRAMES: readonly Clause[] = [
  {
    id: 'F1',
    title: 'answers A5, PCB, LEN, INF, CRC with its low byte first',
    check: async (bench) => {
      await bench.begin()
      // Bytes of the specification, not computed here.
      assert.equal(await bench.exchange(hex('5A C0 02 AA 55 | 7B 2F')), 'A5C002AA5521DA')
    },
  },
  {
    id: 'F2',
    title: 'answers a damaged frame with 83 and runs nothing of it',
    check: async (bench) => {
      await bench.begin()
      for (const at of [1, 3, APDU.length - 1]) {
        assert.equal(await bench.exchange(damaged(APDU, at)), answerOf(PCB_DAMAGED), `byte ${at}`)
      }
      assert.equal(await bench.exchange(frame(PCB_DAMAGED)), answerOf(PCB_OTHER), 'something was run')
      assert.match(await bench.exchange(APDU), /^A5C1/)
    },
  },
  {
    id: 'F3',
    title: 'answers a frame with another NAD than 5A with 81',
    check: async (bench) => {
      await bench.begin()
      assert.equal(await bench.exchange(sealed(hex('5B C0 02 AA 55'))), answerOf(PCB_OTHER))
      assert.equal(await bench.exchange(ECHO), ECHOED)
    },
  },
  {
    id: 'F4',
    title: 'answers a PCB that it does not know with 81',
    check: async (bench) => {
      await bench.begin()
      for (const pcb of [0x00, 0x80, 0xc2, 0xc9]) {
        assert.equal(await bench.exchange(frame(pcb)), answerOf(PCB_OTHER), `PCB ${pcb.toString(16)}`)
      }
      assert.equal(await bench.exchange(ECHO), ECHOED)
    },
  },
  {
    id: 'F5',
    title: 'forgets a frame of which nothing more came for 150 ms',
    check: async (bench) => {
      await bench.begin()
      await bench.send(ECHO.subarray(0, 4))
      await delay(PARTIAL_OVER_MS)
      assert.equal(await bench.exchange(ECHO), ECHOED)
    },
  },
  {
    id: 'F6',
    title: 'takes INF of 0 to 255 bytes',
    check: async (bench) => {
      await bench.begin()
      for (const length of [0, 1, 127, 128, 253, 254]) {
        const inf = counted(length)
        assert.equal(await bench.exchange(frame(PCB_ECHO, inf)), answerOf(PCB_ECHO, inf), `${length} bytes`)
      }
      // UPDATE BINARY with 250 bytes: whatever the card says of it, it says it with a status word.
      const update = Uint8Array.of(0x00, 0xd6, 0x00, 0x00, 250, ...counted(250))
      assert.match(await bench.exchange(frame(PCB_APDU, update)), /^A5C1/)
    },
  },
  {
    id: 'F7',
    title: 'answers with 254 bytes at most, and with 82 where the card says more',
    needsRead: true,
    check: async (bench) => {
      await bench.begin()
      const read = (le: number) => Uint8Array.of(...hex(bench.target.read ?? ''), le)
      assert.match(await bench.exchange(frame(PCB_APDU, read(252))), /^A5C1FE/)
      assert.equal(await bench.exchange(frame(PCB_APDU, read(253))), answerOf(PCB_ELEMENT))
      assert.equal(await bench.exchange(frame(PCB_APDU, read(0))), answerOf(PCB_ELEMENT))
      assert.equal(await bench.exchange(ECHO), ECHOED)
    },
  },
]
