import assert from 'node:assert/strict'
import { hexOf } from '../../src/base/hex.ts'
import { type ApduLine, apduLineOf } from '../../src/racs/apdu-line.ts'
import { RequestError } from '../../src/racs/errors.ts'
import { tokensOf } from '../../src/racs/grammar.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** The parameters of APDU are refused, or say again what they say; the lenient reader takes all the strict one does. */
export const racsApduLine: FuzzTarget = {
  name: 'racs-apdu-line',
  run(random) {
    const valid = Buffer.from(lineOf(random), 'latin1')
    const bytes = random.oneIn(6) ? valid : mutate(random, valid)
    const parameters = tokensOf(Buffer.from(bytes).toString('latin1'))
    const strict = read(parameters, 'strict')
    const lenient = read(parameters, 'lenient')
    if (lenient !== undefined) checkLenient(parameters, lenient)
    if (strict === undefined) return
    assert.deepEqual(lenient, strict)
    checkStrict(parameters, strict)
  },
}

function lineOf(random: Random): string {
  const length = random.oneIn(20) ? random.pick([260, 261, 262]) : 1 + random.int(12)
  const options = [
    'CONTINUE=9000',
    'CONTINUE=6a82',
    'MORE=61',
    'MORE=9F',
    'FETCH=00C00000',
    'FETCH=a0b0',
    'FOO=1',
  ]
  const chosen = Array.from({ length: random.int(4) }, () => random.pick(options))
  return [hexOf(random.bytes(length)), ...chosen].join(' ')
}

function read(parameters: readonly string[], parsing: 'strict' | 'lenient'): ApduLine | undefined {
  try {
    return apduLineOf(parameters, parsing)
  } catch (error) {
    assert.ok(error instanceof RequestError, String(error))
    assert.ok(error.code === 'request.syntax' || error.code === 'request.bad-value')
    return undefined
  }
}

/** Writes the line again: every option once, and each of them where it stood. */
function checkStrict([hex = '', ...options]: readonly string[], line: ApduLine): void {
  const { command, expectedSw, moreSw1, fetch } = line
  assert.ok(command.length >= 4 && command.length <= 261)
  assert.equal(hexOf(command), hex.toUpperCase())
  const again = new Set<string>()
  if (expectedSw !== undefined) again.add(`CONTINUE=${digitsOf(expectedSw, 4)}`)
  if (moreSw1 !== undefined) again.add(`MORE=${digitsOf(moreSw1, 2)}`)
  if (options.some((option) => option.startsWith('FETCH='))) again.add(`FETCH=${hexOf(fetch)}`)
  assert.deepEqual(new Set(options.map((option) => option.toUpperCase())), again)
  assert.equal(options.length, again.size)
}

function checkLenient(
  [hex = '']: readonly string[],
  { command, expectedSw, moreSw1, fetch }: ApduLine,
): void {
  assert.ok(command.length >= 1 && command.length <= 261)
  assert.equal(
    command.length,
    Math.floor(Array.from(hex).filter((digit) => /[0-9A-F]/i.test(digit)).length / 2),
  )
  assert.ok(expectedSw === undefined || (expectedSw >= 0 && expectedSw <= 0xffff))
  assert.ok(moreSw1 === undefined || (moreSw1 >= 0 && moreSw1 <= 0xff))
  assert.equal(fetch.length, 4)
}

function digitsOf(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
