import assert from 'node:assert/strict'
import { linesOfQuery } from '../../src/racs/query.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** A query is none, or its lines can be counted and none hides another; a decoder written by hand sees the same. */
export const racsQuery: FuzzTarget = {
  name: 'racs-query',
  run(random) {
    const valid = Buffer.from(random.pick(SEEDS), 'latin1')
    const bytes = random.oneIn(8) ? random.bytes(random.int(24)) : mutate(random, valid)
    const url = Buffer.from(bytes).toString('latin1')
    const lines = linesOfQuery(url)
    const parts = partsOf(url)
    if (lines === undefined) {
      assert.ok(parts.some(isBad), `refused without a reason: ${url}`)
      return
    }
    assert.ok(!parts.some(isBad), `taken in spite of its escapes: ${url}`)
    assert.deepEqual(lines.slice(0, parts.length), parts.map(lineOf))
    assert.equal(lines.length - parts.length, lines.at(parts.length - 1) === 'END' ? 0 : 1)
    assert.equal(lines.at(-1), 'END')
    assert.ok(lines.every((line) => !/[\r\n]/.test(line) && line.length <= url.length + 3))
    checkRoundTrip(random)
  },
}

interface Part {
  readonly name: string | undefined
  readonly parameters: string | undefined
}

function partsOf(url: string): Part[] {
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''
  return query.split('&').map((part) => {
    const at = part.includes('=') ? part.indexOf('=') : part.length
    return { name: decodedByHand(part.slice(0, at)), parameters: decodedByHand(part.slice(at + 1)) }
  })
}

function isBad({ name, parameters }: Part): boolean {
  if (name === undefined || parameters === undefined) return true
  return name.includes(' ') || Array.from(name + parameters).some((one) => one === '\r' || one === '\n')
}

function lineOf({ name, parameters }: Part): string {
  return [name, parameters].filter((piece, index) => index === 0 || piece !== '').join(' ')
}

/** Character by character, as RFC 3986 section 2.1 says; a plus is a blank. */
function decodedByHand(text: string): string | undefined {
  let decoded = ''
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character !== '%') {
      decoded += character === '+' ? ' ' : character
      continue
    }
    const value = DIGITS.indexOf(text.charAt(at + 1).toLowerCase())
    const low = DIGITS.indexOf(text.charAt(at + 2).toLowerCase())
    if (at + 2 >= text.length || value < 0 || low < 0) return undefined
    decoded += String.fromCharCode(value * 16 + low)
    at += 2
  }
  return decoded
}

function checkRoundTrip(random: Random): void {
  const printable = Array.from(random.bytes(random.int(20)), (byte) =>
    String.fromCharCode(0x20 + (byte % 95)),
  )
  const parameters = `${printable.join('')}x`
  assert.deepEqual(linesOfQuery(`/RACS?ECHO=${encodeURIComponent(parameters)}`), [
    `ECHO ${parameters}`,
    'END',
  ])
}

const DIGITS = '0123456789abcdef'
const SEEDS = [
  '/RACS?BEGIN=&APDU=SEID%20HEX&END=',
  '/RACS?BEGIN=id&ECHO=a+b%2Bc&LIST&END',
  '/RACS?%42EGIN=%0D%0a&=&&END',
  '/RACS?GET-VERSION=%E9%ff%00',
]
