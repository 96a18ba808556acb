// What tests of the host side of GlobalPlatform need: an element that says what a script says, the simulated card with
// everything noted that it was sent, and sessions with it.

import assert from 'node:assert/strict'
import { hexOf } from '../../src/base/hex.ts'
import type { GlobalPlatformErrorCode, Step } from '../../src/globalplatform/errors.ts'
import { GlobalPlatformError } from '../../src/globalplatform/errors.ts'
import type { Transmit } from '../../src/globalplatform/exchange.ts'
import { TEST_KEYS } from '../../src/globalplatform/keys.ts'
import { apduOf, type PlainCommand } from '../../src/globalplatform/protection.ts'
import { SecureSession, type SessionOptions } from '../../src/globalplatform/session.ts'
import { Card, type CardOptions } from '../../src/simulator/card.ts'
import type { DomainOptions } from '../../src/simulator/issuer/domain.ts'
import { hex } from './hex-fields.ts'

/** A line to an element, and what went over it, in hex. */
export interface Line {
  readonly transmit: Transmit
  readonly sent: string[]
}

/** Answers by what is asked, `otherwise` to all that is not in `answers`. Spaces in the literals separate fields. */
export function elementWith(answers: Readonly<Record<string, string>>, otherwise = '6A88'): Line {
  const known = new Map(Object.entries(answers).map(([asked, answer]) => [hexOf(hex(asked)), answer]))
  return lineTo((command) => hex(known.get(hexOf(command)) ?? otherwise))
}

/** Answers one after the other, and must not be asked more often. */
export function elementSaying(...answers: readonly string[]): Line {
  let at = 0
  return lineTo((command) => {
    const answer = answers[at++]
    assert.ok(answer !== undefined, `command ${at} was not expected: ${hexOf(command)}`)
    return hex(answer)
  })
}

export function lineTo(answer: (command: Uint8Array) => Uint8Array): Line {
  const sent: string[] = []
  return {
    sent,
    transmit: (command) => {
      sent.push(hexOf(command))
      // What a thrown error becomes: a rejection.
      return new Promise((resolve) => {
        resolve(answer(command.slice()))
      })
    },
  }
}

export interface CardLine extends Line {
  readonly card: Card
}

/** The simulated card, without an applet; its challenges are not random, so that runs are the same. */
export function cardLine(issuer: DomainOptions, options: Partial<CardOptions> = {}): CardLine {
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(0xa7)
  const card = new Card({ applet: 'none', protocol: 't1', random, ...options, issuer })
  return { card, ...lineTo((command) => card.process(command).response) }
}

export const HOST_CHALLENGE = hex('0011223344556677')

/** A session with the published keys, at the highest level, unless `options` say something else. */
export function openOn(line: Line, options: Partial<SessionOptions> = {}): Promise<SecureSession> {
  return SecureSession.open(line.transmit, {
    keys: TEST_KEYS,
    diversification: 'none',
    keyVersion: 0,
    level: 'best',
    allows: 'SCP03 and SCP02',
    hostChallenge: HOST_CHALLENGE,
    ...options,
  })
}

/** As the specification prints them: class 80, without Le. */
export function printed(command: PlainCommand): string {
  return hexOf(apduOf(0x80, command, command.data ?? new Uint8Array(0)).subarray(0, -1))
}

/** Ascending bytes from `first` on. */
export function countedBytes(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => first + n)
}

/** For assert.throws and assert.rejects. */
export function gpError(code: GlobalPlatformErrorCode, message?: RegExp) {
  return { name: 'GlobalPlatformError', code, ...(message === undefined ? {} : { message }) }
}

/** The same for a refusal. */
export function refusal(step: Step, sw: number | undefined) {
  return { name: 'GlobalPlatformError', code: 'gp.refused', refusal: { step, sw } }
}

/** `parse` takes every beginning of `bytes`, or finds it malformed. @returns how many it takes, the whole left out */
export function takenBeginnings(bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): number {
  let taken = 0
  for (let length = 0; length < bytes.length; length++) {
    try {
      parse(bytes.slice(0, length))
      taken++
    } catch (error) {
      const isMalformed = error instanceof GlobalPlatformError && error.code === 'gp.malformed'
      assert.ok(isMalformed, `${hexOf(bytes.subarray(0, length))}: ${String(error)}`)
    }
  }
  parse(bytes)
  return taken
}

/** `bytes` with one bit the other way round. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
  return copy
}

/** GET STATUS of the domain, and its IIN: with data, and without. */
export const STATUS = { ins: 0xf2, p1: 0x80, p2: 0x02, data: hex('4F00') }
export const IIN = { ins: 0xca, p1: 0x00, p2: 0x42 }

/** What comes back of `answer`, the one to command number `n` since `begin`. */
export type Change = (answer: Uint8Array, n: number) => Uint8Array

/** The line to a card; `begin` says what becomes of its answers from then on, and forgets what was sent. */
export function faultyLine(line: CardLine) {
  let change: Change = (answer) => answer
  let n = 0
  const faulty = lineTo((command) => change(line.card.process(command).response, n++))
  const begin = (next: Change): void => {
    change = next
    n = 0
    faulty.sent.length = 0
  }
  return { ...faulty, begin }
}

/** The session takes no command any more, and sends none. */
export async function isOver(session: SecureSession, sent: readonly string[]): Promise<void> {
  const before = sent.length
  for (const command of [STATUS, IIN]) await assert.rejects(session.send(command), gpError('gp.session-over'))
  assert.equal(sent.length, before, 'nothing was sent')
}

/** Those in a secure channel. */
export function wrappedOf(sent: readonly string[]): string[] {
  return sent.filter((command) => command.startsWith('84'))
}
