// A netlist as KiCad exports it: which pins hang together. Pure.

import { childrenOf, type Expression, expressionIn, valueOf } from './expressions.ts'

export interface NetlistPin {
  readonly designator: string
  readonly number: string
  /** What the symbol calls it. */
  readonly name: string
}

export class Netlist {
  /** Value by designator. */
  readonly values = new Map<string, string>()
  readonly #pins = new Map<string, readonly NetlistPin[]>()
  readonly #netOfPin = new Map<string, string>()

  /** @param text  what `kicad-cli sch export netlist` has written */
  constructor(text: string) {
    const root = expressionIn(text)
    for (const component of within(root, 'components', 'comp'))
      this.values.set(valueOf(component, 'ref') ?? '', valueOf(component, 'value') ?? '')
    for (const net of within(root, 'nets', 'net')) {
      const name = valueOf(net, 'name') ?? ''
      const pins = childrenOf(net, 'node').map((node) => ({
        designator: valueOf(node, 'ref') ?? '',
        number: valueOf(node, 'pin') ?? '',
        name: valueOf(node, 'pinfunction') ?? '',
      }))
      this.#pins.set(name, pins)
      for (const { designator, number } of pins) this.#netOfPin.set(`${designator}.${number}`, name)
    }
  }

  /** The net at pin `pin` of a part, by number or by name; undefined: none, or no such pin. */
  at(designator: string, pin: string): string | undefined {
    const direct = this.#netOfPin.get(`${designator}.${pin}`)
    if (direct !== undefined) return direct
    for (const [net, pins] of this.#pins) {
      if (pins.some((one) => one.designator === designator && one.name === pin)) return net
    }
    return undefined
  }

  pinsOn(net: string | undefined): readonly NetlistPin[] {
    return net === undefined ? [] : (this.#pins.get(net) ?? [])
  }

  /** Where a net leads through one resistor, with what the resistor is. */
  throughResistor(net: string | undefined): { net: string | undefined; value: string; designator: string }[] {
    return this.pinsOn(net)
      .filter(({ designator }) => /^R\d+$/.test(designator))
      .map(({ designator, number }) => ({
        designator,
        net: this.at(designator, number === '1' ? '2' : '1'),
        value: this.values.get(designator) ?? '',
      }))
  }
}

/** Without what differs from one run to the next: time, version, and where the project lies. */
export function settled(text: string): string {
  return text
    .replace(/^ *\((?:date|tool) "[^"]*"\)\n/gm, '')
    .replace(/\((source|uri) "[^"]*\/([^"/]*)"\)/g, '($1 "$2")')
}

function within(root: Expression, group: string, head: string): (readonly Expression[])[] {
  return childrenOf(root, group).flatMap((expression) => childrenOf(expression, head))
}
