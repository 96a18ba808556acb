// The machine by hand: the scenarios of Annex A that are not known byte by byte, and what each rule means.

import assert from 'node:assert/strict'
import test from 'node:test'
import { GP_T1_PRIME, ISO_T1_LRC, NXP_T1_OVER_I2C } from '../../src/t1/profile.ts'
import { T1Bench } from '../support/t1-bench.ts'

const IFS = '79'

function iso(ifsc = 2): T1Bench {
  const bench = new T1Bench(ISO_T1_LRC)
  bench.machine.configure({ ifsc })
  return bench
}

test('t1: a repeated S(WTX) after our lost response gets the same response (scenario 15)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02')
  bench.card('00 C3 01 | 10').us('00 E3 01 | 10').card('00 C3 01 | 10').us('00 E3 01 | 10')
  bench.card('00 00 02 | F1 F2').delivered('F1 F2')
})

test('t1: S(IFS) that was damaged, and our R-block lost, is answered when it comes again (scenario 17)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02')
  bench.damaged(`00 C1 01 | ${IFS}`).us('00 81 00').silence().us('00 81 00')
  bench.card(`00 C1 01 | ${IFS}`).us(`00 E1 01 | ${IFS}`).card('00 00 02 | F1 F2').delivered('F1 F2')
})

test('t1: what is sent again is counted, over exchanges; an S(RESYNCH) that was asked for is not', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').silence().us('00 82 00')
  bench.damaged('00 00 02 | F1 F2').us('00 82 00').card('00 00 02 | F1 F2').delivered('F1 F2')
  assert.deepEqual(bench.machine.counts, { repeats: 2, resyncs: 0 })
  bench.request('resynch').us('00 C0 00').card('00 E0 00').delivered('')
  assert.deepEqual(bench.machine.counts, { repeats: 2, resyncs: 0 })
  bench.start('03').us('00 00 01 | 03')
  for (let n = 0; n < 2; n++) bench.silence().us('00 82 00')
  bench.silence().us('00 C0 00').card('00 E0 00').failed('t1.resynced')
  assert.deepEqual(bench.machine.counts, { repeats: 4, resyncs: 1 })
})

test('t1: an acknowledgement that was damaged comes again although our R-block is lost (scenario 22)', () => {
  const bench = iso().start('01 02 03').us('00 20 02 | 01 02').damaged('00 90 00').us('00 81 00')
  bench.card('00 90 00').us('00 40 01 | 03').card('00 00 02 | F1 F2').delivered('F1 F2')
})

test('t1: we abort the answer of the card, and numbers go on (scenario 25)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 20 02 | F1 F2').us('00 90 00')
  bench.request('abort').us('00 C2 00').card('00 E2 00').failed('t1.aborted')
  bench.start('03 04').us('00 40 02 | 03 04').card('00 40 02 | F3 F4').delivered('F3 F4')
})

test('t1: we abort our own chain and keep the right to send (scenario 28)', () => {
  const bench = iso().start('01 02 03 04').us('00 20 02 | 01 02').card('00 90 00').us('00 40 02 | 03 04')
  bench.request('abort').us('00 C2 00').card('00 E2 00').failed('t1.aborted')
  bench.start('05').us('00 40 01 | 05').card('00 00 02 | F1 F2').delivered('F1 F2')
})

test('t1: S(ABORT) of the card is answered with E2, and the machine is usable afterwards (rule 9)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 20 02 | F1 F2').us('00 90 00')
  bench.card('00 C2 00').us('00 E2 00').silence().us('00 92 00').card('00 90 00').failed('t1.aborted')
  bench.start('03').us('00 40 01 | 03').card('00 40 02 | F3 F4').delivered('F3 F4')
})

test('t1: after an abort that ends in an I-block the next command begins with S(RESYNCH)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 C2 00').us('00 E2 00')
  bench.card('00 00 02 | 6F 00').failed('t1.aborted')
  bench
    .start('03')
    .us('00 C0 00')
    .card('00 E0 00')
    .us('00 00 01 | 03')
    .card('00 00 02 | 90 00')
    .delivered('90 00')
})

test('t1: silence after S(ABORT response) ends in t1.aborted, with the link in order', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 C2 00').us('00 E2 00')
  bench.silence().us('00 82 00').silence().us('00 82 00').silence().us('00 C0 00').card('00 E0 00')
  bench.failed('t1.aborted')
  bench.start('03').us('00 00 01 | 03')
})

test('t1: S(RESYNCH) before the last I-block left restarts at byte 0 (rule 6.3, scenario 33)', () => {
  const bench = iso().start('01 02 03 04 05').us('00 20 02 | 01 02').card('00 90 00').us('00 60 02 | 03 04')
  bench.silence().us('00 82 00').silence().us('00 82 00').silence().us('00 C0 00').card('00 E0 00')
  bench.us('00 20 02 | 01 02').card('00 90 00').us('00 60 02 | 03 04').card('00 80 00').us('00 00 01 | 05')
  bench.card('00 00 02 | 90 00').delivered('90 00')
})

test('t1: S(RESYNCH) after the last I-block left fails with t1.resynced and replays nothing (scenario 33)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02')
  bench.silence().us('00 82 00').damaged('00 00 02 | F1 F2').us('00 82 00').silence().us('00 C0 00')
  bench.card('00 E0 00').failed('t1.resynced', 't1.silent')
  bench.start('03').us('00 00 01 | 03').card('00 00 02 | 90 00').delivered('90 00')
})

test('t1: S(RESYNCH) in the middle of the answer fails with t1.resynced too', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 20 02 | F1 F2').us('00 90 00')
  bench.damaged('00 40 00').us('00 90 00').damaged('00 40 00').us('00 90 00').damaged('00 40 00')
  bench.us('00 C0 00').card('00 E0 00').failed('t1.resynced', 't1.edc')
})

test('t1: at most 3 S(RESYNCH), then the exchange has failed (rule 6.4, scenario 34)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02')
  bench.silence().us('00 82 00').silence().us('00 82 00').silence()
  bench.us('00 C0 00').silence().us('00 C0 00').silence().us('00 C0 00').silence().failed('t1.silent')
  bench
    .start('03')
    .us('00 C0 00')
    .card('00 E0 00')
    .us('00 00 01 | 03')
    .card('00 00 02 | 90 00')
    .delivered('90 00')
})

test('t1: a card that lost our I-block gets it again after R, R (scenario 35)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').silence().us('00 82 00').card('00 80 00')
  bench.us('00 00 02 | 01 02').card('00 00 02 | F1 F2').delivered('F1 F2')
})

test('t1: any valid block starts the count of retries anew (rule 7.4.2)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02')
  for (let round = 0; round < 3; round++) {
    bench.damaged('00 00 02 | F1 F2').us('00 81 00').damaged('00 90 00').us('00 81 00')
    bench.card('00 91 00').us('00 81 00')
  }
  bench.card('00 00 02 | F1 F2').delivered('F1 F2')
})

test('t1: R with the other N(R) after the last I-block means that the answer was lost: R, not the I again', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 90 00').us('00 82 00')
  bench.card('00 00 02 | F1 F2').delivered('F1 F2')
})

test('t1: an R-block is repeated as it was, not with another error code (rule 7.2)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 20 02 | F1 F2').us('00 90 00')
  bench.silence().us('00 90 00').damaged('00 40 00').us('00 90 00').card('00 91 00').us('00 90 00')
  bench.card('00 40 02 | F3 F4').delivered('F1 F2 F3 F4')
})

test('t1: S(WTX) is answered with its multiplier, and only the next block may take so long (rule 3)', () => {
  const bench = iso()
  bench.machine.configure({ bwtMs: 100 })
  bench.start('01 02').us('00 00 02 | 01 02', 100).card('00 C3 01 | 07').us('00 E3 01 | 07', 700)
  bench.silence().us('00 82 00', 100).card('00 C3 01 | FF').us('00 E3 01 | FF', 25_500)
  bench.card('00 20 02 | F1 F2').us('00 90 00', 100).card('00 C3 01 | 02').us('00 E3 01 | 02', 200)
  bench.card('00 40 01 | F3').delivered('F1 F2 F3')
})

test('t1: S(WTX) inside our chain does not disturb it', () => {
  const bench = iso().start('01 02 03').us('00 20 02 | 01 02').card('00 C3 01 | 02').us('00 E3 01 | 02')
  bench.card('00 90 00').us('00 40 01 | 03').card('00 00 02 | 90 00').delivered('90 00')
})

test('t1: S(IFS) of the card holds for later commands (rule 4)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 C1 01 | 03').us('00 E1 01 | 03')
  bench.card('00 00 02 | 90 00').delivered('90 00')
  assert.equal(bench.machine.ifsc, 3)
  bench.start('01 02 03 04').us('00 60 03 | 01 02 03').card('00 80 00').us('00 00 01 | 04')
})

test('t1: S(IFS) with 00 or FF, or not one byte long, is refused', () => {
  for (const inf of ['01 | 00', '01 | FF', '00', '02 | 00 20']) {
    const bench = iso().start('01 02').us('00 00 02 | 01 02').card(`00 C1 ${inf}`).us('00 82 00')
    assert.equal(bench.machine.ifsc, 2)
    bench.card('00 C1 01 | FE').us('00 E1 01 | FE')
    assert.equal(bench.machine.ifsc, 254)
  }
})

test("t1: S(IFS) under T=1' has one byte or two, up to 0FF9", () => {
  const bench = new T1Bench(GP_T1_PRIME).start('01').us('21 00 00 01 | 01')
  bench.card('12 C1 00 02 | 0F FA').us('21 82 00 00').card('12 C1 00 02 | 00 00').us('21 82 00 00')
  bench.card('12 C1 00 02 | 0F F9').us('21 E1 00 02 | 0F F9')
  assert.equal(bench.machine.ifsc, 4089)
  bench.card('12 C1 00 01 | FE').us('21 E1 00 01 | FE')
  assert.equal(bench.machine.ifsc, 254)
  bench.card('12 00 00 02 | 90 00').delivered('90 00')
})

test('t1: a card that lowers its IFS gets what it wants again in smaller blocks', () => {
  const bench = iso(4).start('01 02 03 04').us('00 00 04 | 01 02 03 04')
  bench.card('00 C1 01 | 02').us('00 E1 01 | 02').card('00 82 00').us('00 20 02 | 01 02')
  bench.card('00 90 00').us('00 40 02 | 03 04').card('00 00 02 | 90 00').delivered('90 00')
})

test('t1: the IFSD that we asked for holds once the card repeats it, and only then', () => {
  const bench = iso().request('ifs', 'FE').us('00 C1 01 | FE')
  assert.equal(bench.machine.ifsd, 32)
  bench.card('00 E1 01 | FD').us('00 C1 01 | FE').card('00 E1 01 | FE').answered('FE')
  assert.equal(bench.machine.ifsd, 254)
})

test('t1: a request is sent again twice, then it has failed and the next command begins with S(RESYNCH)', () => {
  const bench = iso().request('ifs', 'FE').us('00 C1 01 | FE').silence().us('00 C1 01 | FE')
  bench.card('00 82 00').us('00 C1 01 | FE').damaged('00 E1 01 | FE').failed('t1.edc')
  bench.start('01').us('00 C0 00')
})

test('t1: a block with the wrong NAD is no block', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('21 00 02 | 90 00').us('00 82 00')
  bench.card('00 00 02 | 90 00').delivered('90 00')
})

test('t1: LEN FF is no block', () => {
  const bench = iso().start('01 02')
  assert.equal(bench.machine.bodyOf(Uint8Array.of(0, 0, 0xff)), undefined)
  assert.equal(bench.machine.bodyOf(Uint8Array.of(0, 0, 0xfe))?.length, 255)
  bench.card(Uint8Array.from([0, 0, 0xff, ...new Uint8Array(255)])).us('00 82 00')
})

test('t1: an R-block with LEN or bit 6, and an I-block with reserved bits, are refused', () => {
  for (const block of ['00 80 01 | 00', '00 A0 00', '00 84 00', '00 83 00', '00 01 02 | 90 00', '00 C4 00']) {
    iso().start('01 02').us('00 00 02 | 01 02').card(block).us('00 82 00')
  }
})

test('t1: S(WTX) with LEN other than 1, or multiplier 00, is refused', () => {
  for (const block of ['00 C3 00', '00 C3 02 | 01 01', '00 C3 01 | 00']) {
    iso().start('01 02').us('00 00 02 | 01 02').card(block).us('00 82 00')
  }
})

test('t1: a response that nobody asked for is refused, and does not count as an answer', () => {
  for (const block of ['00 E0 00', '00 E1 01 | FE', '00 E2 00', '00 E3 01 | 01']) {
    iso().start('01 02').us('00 00 02 | 01 02').card(block).us('00 82 00')
  }
})

test('t1: S(RESYNCH request) of the card, which it may not send, is answered by ours (rule 6.2)', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 C0 00').us('00 C0 00').card('00 E0 00')
  bench.failed('t1.resynced', 't1.sequence')
})

test('t1: an I-block with the wrong N(S) is a duplicate, and not part of the answer', () => {
  const bench = iso().start('01 02').us('00 00 02 | 01 02').card('00 40 02 | EE EE').us('00 82 00')
  bench.card('00 20 02 | F1 F2').us('00 90 00').card('00 20 02 | F1 F2').us('00 90 00')
  bench.card('00 40 02 | 90 00').delivered('F1 F2 90 00')
})

test('t1: an I-block in answer to a block of our chain is against the rules, and counts as a fault', () => {
  const bench = iso().start('01 02 03').us('00 20 02 | 01 02').card('00 00 02 | 6F 00').us('00 82 00')
  bench.card('00 00 02 | 6F 00').us('00 82 00').card('00 00 02 | 6F 00').us('00 C0 00').card('00 E0 00')
  bench.us('00 20 02 | 01 02')
})

test('t1: an answer longer than its room fails, and the next command does not get its tail', () => {
  const bench = iso()
  bench.response = new Uint8Array(3)
  bench.start('01 02').us('00 00 02 | 01 02').card('00 20 02 | F1 F2').us('00 90 00').card('00 60 02 | F3 F4')
  bench.us('00 C0 00').card('00 00 02 | F5 F6').us('00 C0 00').card('00 E0 00').failed('t1.overflow')
  bench.start('03').us('00 00 01 | 03').card('00 00 02 | 90 00').delivered('90 00')
})

test('t1: an answer longer than its room by its last block fails at once', () => {
  const bench = iso()
  bench.response = new Uint8Array(3)
  bench.start('01 02').us('00 00 02 | 01 02').card('00 00 04 | F1 F2 90 00').failed('t1.overflow')
  bench.start('03').us('00 40 01 | 03').card('00 40 02 | 90 00').delivered('90 00')
})

test('t1: the dialect of NXP has its requests, and reads the ATR of its interface reset', () => {
  const bench = new T1Bench(NXP_T1_OVER_I2C)
  bench.machine.configure({ ifsc: 16 })
  bench.request('interfaceReset').us('5A CF 00').card('A5 EF 03 | 00 A0 01').answered('00 A0 01')
  assert.equal(bench.machine.ifsc, 254)
  bench.request('endSession').us('5A C5 00').card('A5 E5 00').answered('')
  bench
    .start('01')
    .us('5A 00 01 | 01')
    .card('A5 83 00')
    .us('5A 00 01 | 01')
    .card('A5 00 02 | 90 00')
    .delivered('90 00')
})

test('t1: a card still busy with an earlier command asks for time before it resynchronises', () => {
  const bench = new T1Bench(NXP_T1_OVER_I2C)
    .request('resynch')
    .us('5A C0 00')
    .card('A5 C3 01 | 01')
    .us('5A E3 01 | 01')
  bench.card('A5 00 02 | 90 00').us('5A C0 00').card('A5 E0 00').answered('')
})

test("t1: T=1' asks for the communication interface parameters", () => {
  const bench = new T1Bench(GP_T1_PRIME).request('cip').us('21 C4 00 00').card('12 E4 00 02 | 01 02')
  bench.answered('01 02').request('release').us('21 C6 00 00').card('12 E6 00 00').answered('')
})

test('t1: a command that is given up by starting the next one is followed by S(RESYNCH)', () => {
  const bench = iso()
    .start('01 02')
    .us('00 00 02 | 01 02')
    .start('03')
    .us('00 C0 00')
    .card('00 00 02 | F1 F2')
  bench.us('00 C0 00').card('00 E0 00').us('00 00 01 | 03').card('00 00 02 | 90 00').delivered('90 00')
})

test('t1: after a reset numbers and parameters are as at the beginning', () => {
  const bench = iso().start('01').us('00 00 01 | 01').card('00 00 02 | 90 00').start('02').us('00 40 01 | 02')
  bench.machine.reset()
  assert.deepEqual([bench.machine.ifsc, bench.machine.ifsd, bench.machine.bwtMs], [32, 32, 1600])
  bench.start('03').us('00 00 01 | 03').card('00 00 02 | 90 00').delivered('90 00')
})
