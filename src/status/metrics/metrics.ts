// What Prometheus is told of the gateway.

import type { PlaneObserver } from '../../base/plane-events.ts'
import type { SlotEvent, SlotReport } from '../../slots/events.ts'
import { Activity, type TryOutcome } from './activity.ts'
import { Exposition, type Page } from './exposition.ts'
import { type Family, single } from './family.ts'
import { type FlashOptions, flashFamilies } from './flash-families.ts'
import { type ProcessOptions, processFamilies } from './process-families.ts'
import { SlotFamilies } from './slot-families.ts'
import { type WireReport, wireFamilies } from './wire-families.ts'

export interface MetricsOptions extends ProcessOptions {
  /** Undefined: nothing is said of it. */
  readonly flash?: FlashOptions
  /** All slots, as they are now. */
  readonly report: () => readonly SlotReport[]
  readonly wires: () => readonly WireReport[]
  /** By plane, how many connections there are. */
  readonly connections: () => Readonly<Record<string, number>>
}

/** Counts from its construction on; nothing is written before somebody asks. */
export class Metrics {
  readonly #activity = new Activity()
  readonly #slots: SlotFamilies
  readonly #families: Family[]
  #exposition: Exposition | undefined

  constructor(options: MetricsOptions) {
    this.#slots = new SlotFamilies(options.report)
    this.#families = [
      ...this.#slots.families,
      connectionFamily(options),
      ...this.#activity.families,
      ...wireFamilies(options.wires),
      ...processFamilies(options),
      ...(options.flash === undefined ? [] : flashFamilies(options.flash)),
    ]
  }

  /** To be told what clients do; it never refuses anything. */
  get observer(): PlaneObserver {
    return this.#activity.observer
  }

  /** To be told what the slots do. */
  onSlot(event: SlotEvent): void {
    this.#activity.onSlot(event)
  }

  /** To be told of tries of keys and PINs, `kind` as the guard calls it. */
  onTry(kind: string, outcome: TryOutcome): void {
    this.#activity.onTry(kind, outcome)
  }

  /** One more gauge, of a value that somebody else keeps; before the first page. */
  gauge(name: string, help: string, read: () => number): void {
    this.#families.push(single('gauge', name, help, read))
  }

  /** All of it as text, as of now. */
  page(): Promise<Page> {
    this.#exposition ??= new Exposition(this.#families, () => this.#slots.begin())
    return this.#exposition.page()
  }
}

function connectionFamily({ connections }: MetricsOptions): Family {
  return {
    name: 'iose_connections',
    help: 'Connections of clients now, by plane, whether they have an element or not.',
    type: 'gauge',
    draw: () => Object.entries(connections()).map(([plane, value]) => ({ labels: { plane }, value })),
  }
}
