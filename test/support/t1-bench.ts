import assert from 'node:assert/strict'
import { codeOf } from '../../src/base/errors.ts'
import { hexOf } from '../../src/base/hex.ts'
import { prologueBytesOf } from '../../src/t1/block.ts'
import { type T1Action, T1Machine } from '../../src/t1/machine.ts'
import type { SBlockName, T1Frame, T1Profile } from '../../src/t1/profile.ts'
import { hex } from './hex-fields.ts'

/** `block` with the EDC that belongs to it, put together without the builder of the code under test. */
export function withEdc({ edc, edcNad }: T1Frame, block: Uint8Array): Uint8Array {
  const whole = new Uint8Array(block.length + edc.bytes)
  whole.set(block)
  if (edcNad === 'as-zero') whole[0] = 0
  edc.write(edc.update(edc.initial, whole, 0, block.length), whole, block.length)
  whole.set(block)
  return whole
}

/** A machine and a card that says what the test tells it to. Blocks are written without their EDC. */
export class T1Bench {
  readonly machine: T1Machine
  readonly profile: T1Profile
  response = new Uint8Array(258)
  action: T1Action | undefined

  constructor(profile: T1Profile) {
    this.profile = profile
    this.machine = new T1Machine(profile)
  }

  /** Starts a command, given as hex. */
  start(command: string): this {
    this.action = this.machine.start(hex(command), this.response)
    return this
  }

  request(name: SBlockName, inf = ''): this {
    this.action = this.machine.request(name, hex(inf))
    return this
  }

  /** We must send this now, and wait so long. */
  us(block: string | Uint8Array, timeoutMs?: number): this {
    const { action } = this
    const bytes = typeof block === 'string' ? hex(block) : block
    assert.ok(action?.kind === 'send', `${describe(action)} instead of ${hexOf(bytes)}`)
    assert.equal(hexOf(action.block), hexOf(withEdc(this.profile, bytes)))
    if (timeoutMs !== undefined) assert.equal(action.timeoutMs, timeoutMs)
    return this
  }

  /** The card sends this; it is read as a driver would, prologue first. */
  card(block: string | Uint8Array, damage = 0): this {
    assert.equal(this.action?.kind, 'send', 'the card speaks though nothing was sent')
    const whole = withEdc(this.profile, typeof block === 'string' ? hex(block) : block)
    whole[whole.length - 1] = (whole[whole.length - 1] ?? 0) ^ damage
    const prologueBytes = prologueBytesOf(this.profile)
    const prologue = whole.subarray(0, prologueBytes)
    const body = this.machine.bodyOf(prologue)
    if (body === undefined) {
      this.action = this.machine.invalid()
      return this
    }
    body.set(whole.subarray(prologueBytes, prologueBytes + body.length))
    this.action = this.machine.received(prologue, body)
    return this
  }

  /** The same, but its EDC arrives damaged. */
  damaged(block: string | Uint8Array): this {
    return this.card(block, 0xff)
  }

  silence(): this {
    this.action = this.machine.silence()
    return this
  }

  /** The exchange is over, with this answer. */
  delivered(answer: string): this {
    const { action } = this
    assert.ok(action?.kind === 'delivered', describe(action))
    assert.equal(hexOf(this.response.subarray(0, action.length)), hexOf(hex(answer)))
    return this
  }

  /** The request is over, with this INF. */
  answered(inf: string): this {
    const { action } = this
    assert.ok(action?.kind === 'delivered', describe(action))
    assert.equal(action.length, this.machine.lastInf.length)
    assert.equal(hexOf(this.machine.lastInf), hexOf(hex(inf)))
    return this
  }

  /** The exchange has failed, for this reason. */
  failed(code: string, cause?: string): this {
    const { action } = this
    assert.ok(action?.kind === 'failed', describe(action))
    assert.equal(action.error.code, code, action.error.message)
    if (cause !== undefined) assert.equal(codeOf(action.error.cause), cause)
    return this
  }
}

function describe(action: T1Action | undefined): string {
  switch (action?.kind) {
    case 'send':
      return `sends ${hexOf(action.block)}`
    case 'delivered':
      return `delivers ${action.length} bytes`
    case 'failed':
      return `fails with ${action.error.code}: ${action.error.message}`
    case undefined:
      return 'does nothing'
  }
}
