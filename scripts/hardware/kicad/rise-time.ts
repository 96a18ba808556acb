// The rise time of each stretch of the bus as a circuit for ngspice, and by the formula. Pure.

import type { Board } from '../../../src/config/board.ts'

/** What a stretch of the bus is loaded with. */
export interface Stretch {
  /** `bus`, or the designator of the slot whose channel is connected to it. */
  readonly name: string
  /** All pull-ups in parallel. */
  readonly ohms: number
  readonly farads: number
}

/** The bus alone, then with each slot's channel; the resistance of the multiplexer's switch is left out. */
export function stretchesOf({ bus, slots }: Board): Stretch[] {
  if (bus === undefined) throw new Error('the board file has no [bus]')
  const alone: Stretch = { name: 'bus', ohms: bus.pullUpOhms, farads: bus.capacitancePf * 1e-12 }
  const behind = slots.flatMap(({ designator, pullUpOhms, capacitancePf = 0 }): Stretch[] => {
    if (pullUpOhms === undefined) throw new Error(`${designator}: no pull_up_ohms`)
    const ohms = 1 / (1 / bus.pullUpOhms + 1 / pullUpOhms)
    return [{ name: designator, ohms, farads: alone.farads + capacitancePf * 1e-12 }]
  })
  return [alone, ...behind]
}

/** From 0.3 to 0.7 of the supply: ln(0.7 / 0.3) R C. Source: NXP UM10204, section 7.1. */
export function riseNs({ ohms, farads }: Stretch): number {
  return 0.8473 * ohms * farads * 1e9
}

/** A wire that is let go at 10 ns; `rise` is the time from 0.99 V to 2.31 V. */
export function riseDeck({ name, ohms, farads }: Stretch): string {
  return `Rise time: ${name}
Vsupply rail 0 3.3
Rpull rail wire ${ohms}
Cwire wire 0 ${farads} ic=0
Vhold gate 0 pwl(0 3.3 10n 3.3 10.1n 0)
Shold wire 0 gate 0 open
.model open sw(vt=1.65 ron=1m roff=1g)
.tran 0.05n 3u uic
.meas tran rise trig v(wire) val=0.99 rise=1 targ v(wire) val=2.31 rise=1
.end
`
}
