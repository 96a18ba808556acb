// Each stretch of the bus as a circuit for ngspice. Pure.

import type { Board } from '../../../src/config/board.ts'
import { type RiseTime, riseTimeOf } from '../../../src/config/board-checks.ts'

/** `name` is `bus`, or the designator of the slot whose channel is connected to it. */
export interface Stretch extends RiseTime {
  readonly name: string
}

/** The bus alone, then with each slot's channel; the resistance of the multiplexer's switch is left out. */
export function stretchesOf({ bus, slots }: Board): Stretch[] {
  if (bus === undefined) throw new Error('the board file has no [bus]')
  const behind = slots.map((slot) => ({ name: slot.designator, ...riseTimeOf(bus, slot) }))
  return [{ name: 'bus', ...riseTimeOf(bus) }, ...behind]
}

/** A wire that is let go at 10 ns; `rise` is the time from 0.3 to 0.7 of the supply, 0.99 V to 2.31 V. */
export function riseDeck({ name, ohms, picofarads }: Pick<Stretch, 'name' | 'ohms' | 'picofarads'>): string {
  return `Rise time: ${name}
Vsupply rail 0 3.3
Rpull rail wire ${ohms}
Cwire wire 0 ${picofarads}p ic=0
Vhold gate 0 pwl(0 3.3 10n 3.3 10.1n 0)
Shold wire 0 gate 0 open
.model open sw(vt=1.65 ron=1m roff=1g)
.tran 0.05n 3u uic
.meas tran rise trig v(wire) val=0.99 rise=1 targ v(wire) val=2.31 rise=1
.end
`
}
