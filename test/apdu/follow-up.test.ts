import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  FollowUp,
  type FollowUpRules,
  GENERAL_RULES,
  SIM_AND_TLS_SE_RULES,
} from '../../src/apdu/follow-up.ts'
import { hexOf } from '../../src/base/hex.ts'
import { hex } from '../support/hex-fields.ts'

/** One exchange: the command that must be sent, and what the element answers. */
type Exchange = readonly [command: string, response: string]

interface Outcome {
  data: string
  sw: string
}

/** Plays `script` and returns how it ended; fails when a command is not the one of the script. */
function play(script: readonly Exchange[], rules: FollowUpRules = GENERAL_RULES, room = 1024): Outcome {
  const output = new Uint8Array(room)
  const followUp = new FollowUp(output, rules)
  const [[first, firstResponse] = ['', ''], ...rest] = script
  followUp.start(hex(first))
  let action = followUp.received(hex(firstResponse))
  for (const [command, response] of rest) {
    assert.equal(action.kind === 'send' ? hexOf(action.command) : 'done', hexOf(hex(command)))
    action = followUp.received(hex(response))
  }
  assert.ok(action.kind === 'done', 'sends more than the script has')
  return { data: hexOf(output.subarray(0, action.length)), sw: action.sw.toString(16).toUpperCase() }
}

function codeIs(code: string) {
  return (error: unknown) => error instanceof Error && 'code' in error && error.code === code
}

test('follow-up: a final status word ends at once, with its data', () => {
  assert.deepEqual(play([['00 B0 00 00 02', '01 02 | 90 00']]), { data: '0102', sw: '9000' })
  assert.deepEqual(play([['00 A4 00 00', '6A 82']]), { data: '', sw: '6A82' })
  assert.deepEqual(play([['00 A4 00 00', '63 10']]), { data: '', sw: '6310' })
})

test('follow-up: 61xx is followed by GET RESPONSE with the class of the first command', () => {
  const outcome = play([
    ['03 A4 04 00 | 02 | 3F 00', '61 03'],
    ['03 C0 00 00 03', '01 02 03 | 90 00'],
  ])
  assert.deepEqual(outcome, { data: '010203', sw: '9000' })
})

test('follow-up: data that comes with 61xx is kept and what follows is appended', () => {
  const outcome = play([
    ['80 CA 00 66 00', '01 02 | 61 02'],
    ['80 C0 00 00 02', '03 04 | 61 01'],
    ['80 C0 00 00 01', '05 | 62 82'],
  ])
  assert.deepEqual(outcome, { data: '0102030405', sw: '6282' })
})

test('follow-up: 6100 asks for 256 bytes', () => {
  const body = '5A'.repeat(256)
  const outcome = play([
    ['00 CB 3F FF 00', '61 00'],
    ['00 C0 00 00 00', `${body} | 90 00`],
  ])
  assert.deepEqual(outcome, { data: body, sw: '9000' })
})

test('follow-up: 9Fxx is more data to SIM and TLS-SE, and final to everything else', () => {
  const first: Exchange = ['A0 A4 00 00 | 02 | 3F 00', '9F 16']
  const outcome = play([first, ['A0 C0 00 00 16', '00 00 | 90 00']], SIM_AND_TLS_SE_RULES)
  assert.deepEqual(outcome, { data: '0000', sw: '9000' })
  assert.deepEqual(play([first], GENERAL_RULES), { data: '', sw: '9F16' })
})

test('follow-up: a TLS-SE handshake goes over T=0 from 61xx to 9Fxx, 6Cxx and 9001', () => {
  const outcome = play(
    [
      ['00 D8 00 03 | 02 | 16 03', '61 02'],
      ['00 C0 00 00 02', 'A1 A2 | 9F 1C'],
      ['00 C0 00 00 1C', '6C 03'],
      ['00 C0 00 00 03', 'B1 B2 B3 | 9F 01'],
      ['00 C0 00 00 01', 'C1 | 90 01'],
    ],
    SIM_AND_TLS_SE_RULES,
  )
  assert.deepEqual(outcome, { data: 'A1A2B1B2B3C1', sw: '9001' })
})

test('follow-up: 6Cxx repeats a command without data, with the right Le', () => {
  const outcome = play([
    ['00 B0 01 02 00', '6C 02'],
    ['00 B0 01 02 02', '01 02 | 90 00'],
  ])
  assert.deepEqual(outcome, { data: '0102', sw: '9000' })
})

test('follow-up: 6C00 repeats with Le 00', () => {
  const outcome = play([
    ['00 B0 00 00 10', '6C 00'],
    ['00 B0 00 00 00', '01 | 90 00'],
  ])
  assert.deepEqual(outcome, { data: '01', sw: '9000' })
})

test('follow-up: a second 6Cxx in a row is final', () => {
  const outcome = play([
    ['00 B0 00 00 00', '6C 02'],
    ['00 B0 00 00 02', '6C 03'],
  ])
  assert.deepEqual(outcome, { data: '', sw: '6C03' })
})

test('follow-up: each GET RESPONSE may be repeated once, whatever was repeated before', () => {
  const outcome = play([
    ['00 B0 00 00 00', '6C 05'],
    ['00 B0 00 00 05', '61 05'],
    ['00 C0 00 00 05', '6C 02'],
    ['00 C0 00 00 02', '01 02 | 61 03'],
    ['00 C0 00 00 03', '6C 01'],
    ['00 C0 00 00 01', '6C 02'],
  ])
  assert.deepEqual(outcome, { data: '0102', sw: '6C02' })
})

test('follow-up: 6Cxx to a command with data, without Le, or of extended length is final', () => {
  const commands = [
    '00 D8 00 03 | 01 | FF',
    '00 D8 00 03 | 01 | FF | 00',
    '00 D8 00 03',
    '00 B0 00 00 | 00 01 00',
  ]
  for (const command of commands) {
    assert.deepEqual(play([[command, '6C 1C']], SIM_AND_TLS_SE_RULES), { data: '', sw: '6C1C' }, command)
  }
})

test('follow-up: 6Cxx that comes with data is final', () => {
  assert.deepEqual(play([['00 B0 00 00 00', '01 | 6C 02']]), { data: '01', sw: '6C02' })
})

test('follow-up: a repeat is not carried over to the next command', () => {
  const followUp = new FollowUp(new Uint8Array(8), GENERAL_RULES)
  followUp.start(hex('00 B0 00 00 00'))
  assert.equal(followUp.received(hex('6C 02')).kind, 'send')
  followUp.start(hex('00 D8 00 03 | 01 | FF'))
  assert.deepEqual(followUp.received(hex('6C 02')), { kind: 'done', length: 0, sw: 0x6c02 })
})

test('follow-up: start forgets data, class and rounds of the command before', () => {
  const output = new Uint8Array(4)
  const followUp = new FollowUp(output, { moreSw1: [0x61], maxRounds: 1 })
  for (const cla of ['00', '81']) {
    followUp.start(hex(`${cla} CA 00 00 00`))
    const action = followUp.received(hex('01 02 03 | 61 01'))
    assert.equal(action.kind === 'send' && hexOf(action.command), `${cla}C0000001`)
    assert.deepEqual(followUp.received(hex('04 | 90 00')), { kind: 'done', length: 4, sw: 0x9000 })
  }
})

test('follow-up: neither command nor response is looked at after the call', () => {
  const output = new Uint8Array(4)
  const followUp = new FollowUp(output, GENERAL_RULES)
  const command = hex('80 CA 00 66 00')
  const response = hex('6C 02')
  followUp.start(command)
  command.fill(0xff)
  const repeat = followUp.received(response)
  assert.equal(repeat.kind === 'send' && hexOf(repeat.command), '80CA006602')
  const more = hex('01 02 | 61 01')
  const get = followUp.received(more)
  more.fill(0xff)
  assert.equal(get.kind === 'send' && hexOf(get.command), '80C0000001')
  assert.deepEqual(followUp.received(hex('90 00')), { kind: 'done', length: 2, sw: 0x9000 })
  assert.deepEqual(output, hex('01 02 00 00'))
})

test('follow-up: data that fills the output is taken, one byte more is an overflow', () => {
  const script: Exchange[] = [
    ['00 CA 00 00 00', '01 02 | 61 02'],
    ['00 C0 00 00 02', '03 04 | 90 00'],
  ]
  assert.deepEqual(play(script, GENERAL_RULES, 4), { data: '01020304', sw: '9000' })
  assert.throws(() => play(script, GENERAL_RULES, 3), codeIs('apdu.overflow'))
  assert.throws(() => play([['00 CA 00 00 00', '01 | 90 00']], GENERAL_RULES, 0), codeIs('apdu.overflow'))
})

test('follow-up: an overflow writes nothing of the response that did not fit', () => {
  const output = hex('EE EE EE')
  const followUp = new FollowUp(output, GENERAL_RULES)
  followUp.start(hex('00 CA 00 00 00'))
  assert.throws(() => followUp.received(hex('01 02 03 04 | 90 00')), codeIs('apdu.overflow'))
  assert.deepEqual(output, hex('EE EE EE'))
})

/** How many commands are sent after the first when the element answers `responses` in turn for ever. */
function roundsOf(rules: FollowUpRules, responses: readonly string[]): number {
  const followUp = new FollowUp(new Uint8Array(0), rules)
  followUp.start(hex('00 CA 00 00 00'))
  for (let sent = 0; ; sent++) {
    try {
      const action = followUp.received(hex(responses[sent % responses.length]!))
      assert.equal(action.kind, 'send')
    } catch (error) {
      assert.ok(codeIs('apdu.endless')(error), String(error))
      return sent
    }
  }
}

test('follow-up: an element that announces more for ever, without data, ends after the last round', () => {
  assert.equal(roundsOf(GENERAL_RULES, ['61 00']), 300)
  assert.equal(roundsOf(SIM_AND_TLS_SE_RULES, ['9F 10', '61 10']), 300)
  assert.equal(roundsOf({ moreSw1: [0x61], maxRounds: 0 }, ['61 00']), 0)
})

test('follow-up: repeats count as rounds', () => {
  assert.equal(roundsOf({ moreSw1: [0x61], maxRounds: 7 }, ['61 10', '6C 08']), 7)
})

test('follow-up: the answer to the last round may still be final', () => {
  const rules = { moreSw1: [0x61], maxRounds: 2 }
  const script: Exchange[] = [
    ['00 CA 00 00 00', '61 01'],
    ['00 C0 00 00 01', '61 01'],
    ['00 C0 00 00 01', '01 | 90 00'],
  ]
  assert.deepEqual(play(script, rules), { data: '01', sw: '9000' })
})

test('follow-up: a response of under two bytes is malformed, first or later', () => {
  for (const response of ['', '90']) {
    assert.throws(() => play([['00 A4 00 00', response]]), codeIs('apdu.malformed'))
    const script: Exchange[] = [
      ['00 A4 00 00', '61 01'],
      ['00 C0 00 00 01', response],
    ]
    assert.throws(() => play(script), codeIs('apdu.malformed'))
  }
})

test('follow-up: a command without a whole header is malformed', () => {
  const followUp = new FollowUp(new Uint8Array(4), GENERAL_RULES)
  for (const command of ['', '00 A4 00'])
    assert.throws(() => followUp.start(hex(command)), codeIs('apdu.malformed'))
})

test('follow-up: a response before start, after the end or after an error is our own bug', () => {
  const followUp = new FollowUp(new Uint8Array(4), GENERAL_RULES)
  const isRefused = () => assert.throws(() => followUp.received(hex('90 00')), codeIs('internal.unreachable'))
  isRefused()
  followUp.start(hex('00 A4 00 00'))
  followUp.received(hex('90 00'))
  isRefused()
  followUp.start(hex('00 A4 00 00'))
  assert.throws(() => followUp.received(hex('90')), codeIs('apdu.malformed'))
  isRefused()
})

test('follow-up: an answer in pieces of any length arrives whole', () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 0, maxLength: 40 }), { minLength: 1, maxLength: 12 })
  const property = fc.property(pieces, fc.constantFrom(0x61, 0x9f), (parts, more) => {
    const whole = Buffer.concat(parts)
    const output = new Uint8Array(whole.length)
    const followUp = new FollowUp(output, SIM_AND_TLS_SE_RULES)
    followUp.start(hex('00 D8 00 03 | 01 | 16'))
    parts.forEach((part, index) => {
      const next = parts[index + 1]
      const sw = next === undefined ? [0x90, 0x00] : [more, next.length]
      const action = followUp.received(Uint8Array.of(...part, ...sw))
      if (next !== undefined) {
        assert.deepEqual(action, { kind: 'send', command: Uint8Array.of(0, 0xc0, 0, 0, next.length) })
        return
      }
      assert.deepEqual(action, { kind: 'done', length: whole.length, sw: 0x9000 })
    })
    assert.deepEqual(Buffer.from(output), whole)
  })
  fc.assert(property, { numRuns: 200, seed: 1 })
})

test('follow-up: rules with a fetch command use it, whatever the class of the first command', () => {
  const rules = { moreSw1: [0x9f], maxRounds: 5, fetch: hex('80 12 34 56') }
  const outcome = play(
    [
      ['00 A4 00 00', 'AA | 9F 02'],
      ['80 12 34 56 02', '01 02 | 9F 01'],
      ['80 12 34 56 01', '03 | 90 00'],
    ],
    rules,
  )
  assert.deepEqual(outcome, { data: 'AA010203', sw: '9000' })
})

test('follow-up: rules given at the start hold for that command', () => {
  const followUp = new FollowUp(new Uint8Array(8), GENERAL_RULES)
  followUp.start(hex('00 A4 00 00'), { moreSw1: [], maxRounds: 5 })
  assert.deepEqual(followUp.received(hex('61 02')), { kind: 'done', length: 0, sw: 0x6102 })
})
