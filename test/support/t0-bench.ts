import assert from 'node:assert/strict'
import { hexOf } from '../../src/base/hex.ts'
import { type T0Action, T0Machine } from '../../src/t0/machine.ts'
import { hex } from './hex-fields.ts'

/** One TPDU, `r` or `w` before it, and the card's answer. */
export type TpduExchange = readonly [tpdu: string, answer: string]

const plain = (literal: string): string => hexOf(hex(literal))

/** Runs `command` through `script`; the TPDUs must be those of the script. */
export function play(command: Uint8Array, script: readonly TpduExchange[], room = 65_538): string {
  const response = new Uint8Array(room)
  const machine = new T0Machine()
  let action = machine.start(command, response)
  for (const [tpdu, answer] of script) {
    assert.ok(action.kind === 'send', `${action.kind} where ${tpdu} was expected`)
    assert.equal(`${action.direction[0]} ${hexOf(action.tpdu)}`, `${tpdu[0]} ${plain(tpdu.slice(1))}`)
    action = machine.received(hex(answer))
  }
  return outcomeOf(action, response)
}

export function outcomeOf(action: T0Action, response: Uint8Array): string {
  if (action.kind === 'delivered') return hexOf(response.subarray(0, action.length))
  return action.kind === 'failed' ? action.error.code : `sends ${hexOf(action.tpdu)}`
}
