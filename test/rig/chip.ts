// A simulated chip on an I2C bus that counts its resets and notes its accesses.

import { systemClock } from '../../src/base/clock.ts'
import { Card } from '../../src/simulator/card.ts'
import { LATENCY_PROFILES } from '../../src/simulator/latency.ts'
import { wireCardOf } from '../../src/simulator/wire-card.ts'
import type { Device } from './rig.ts'

export class Chip implements Device {
  resets = 0
  readonly accesses: string[] = []
  /** Called after each write and each read. */
  onAccess: (access: 'write' | 'read') => void = () => undefined
  readonly #card

  constructor(sen: string, framing: 'nxp' | 'bridge' = 'nxp') {
    const card = new Card({ applet: 'keystore', protocol: 't1', sen })
    const common = { medium: 'i2c', clock: systemClock, latency: LATENCY_PROFILES.none } as const
    this.#card = wireCardOf({ ...common, framing, card, busy: framing === 'bridge' ? 'zero-bytes' : 'nack' })
  }

  write(bytes: Uint8Array): boolean {
    const isDone = this.#card.write(bytes)
    this.#note('write')
    return isDone
  }

  read(length: number): Uint8Array | undefined {
    const bytes = this.#card.read(length)
    this.#note('read')
    return bytes
  }

  reset(): void {
    this.resets++
    this.#card.reset()
  }

  #note(access: 'write' | 'read'): void {
    this.accesses.push(access)
    this.onAccess(access)
  }
}
