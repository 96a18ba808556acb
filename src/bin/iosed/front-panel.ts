// The LEDs and buttons of the slots, on the lines that the configuration names.

import type { Config } from '../../config/config.ts'
import { type Bias, type Gpio, type GpioKind, type LineAddress, openGpio } from '../../drivers/gpio.ts'
import type { FrontEntry } from '../../panel/front.ts'
import { Panel, type PanelEnvironment } from '../../panel/panel.ts'

/**
 * Takes the lines; undefined when no slot has any.
 * @throws LinkError when one of them cannot be had
 */
export async function openPanel(
  { panel, slots }: Pick<Config, 'panel' | 'slots'>,
  environment: PanelEnvironment,
): Promise<Panel | undefined> {
  const fronts = slots.flatMap((slot) => {
    // An array has no front, and a reader only one if its slot was given a SEID.
    if (slot.driver === 'sim-array' || slot.seid === undefined) return []
    const { led, button } = slot.front
    return led === undefined && button === undefined ? [] : [{ seid: slot.seid, led, button }]
  })
  if (fronts.length === 0) return undefined
  const gpio = await openGpio(panel.gpio)
  const entries: FrontEntry[] = []
  try {
    for (const front of fronts) entries.push(entryOf(gpio, front, panel.gpio))
  } catch (error) {
    for (const { led, button } of entries) {
      led?.[Symbol.dispose]()
      button?.[Symbol.dispose]()
    }
    throw error
  }
  return new Panel(entries, environment)
}

interface Wired {
  readonly seid: string
  readonly led: LineAddress | undefined
  readonly button: LineAddress | undefined
}

function entryOf(gpio: Gpio, { seid, led, button }: Wired, kind: GpioKind): FrontEntry {
  const lamp = led && gpio.outputs([led], 0)
  try {
    return { seid, led: lamp, button: button && gpio.input(button, biasOf(button, kind)) }
  } catch (error) {
    lamp?.[Symbol.dispose]()
    throw error
  }
}

/** The resistor that keeps the line of a button at rest while nobody presses it; sysfs cannot choose one. */
function biasOf({ active }: LineAddress, kind: GpioKind): Bias {
  if (kind === 'onoff') return 'none'
  return active === 'low' ? 'up' : 'down'
}
