// The slots, drawn from their reports at the moment of a scrape.

import type { SlotCounters, SlotReport } from '../../slots/events.ts'
import type { SlotState } from '../../slots/state.ts'
import { planeOf } from './activity.ts'
import type { Family, Labels, Sample } from './family.ts'

export class SlotFamilies {
  readonly families: readonly Family[]
  readonly #report: () => readonly SlotReport[]
  /** By SEID; kept, since their text is then made once. */
  readonly #labels = new Map<string, SlotLabels>()
  #slots: readonly { readonly report: SlotReport; readonly labels: SlotLabels }[] = []

  constructor(report: () => readonly SlotReport[]) {
    this.#report = report
    this.families = [
      {
        name: 'iose_slots',
        help: 'Slots by kind of driver and state.',
        type: 'gauge',
        draw: () => this.#byState(),
      },
      {
        name: 'iose_slot_state',
        help: 'One for the state that a slot is in, zero for each other state.',
        type: 'gauge',
        draw: () => this.#states(),
      },
      {
        name: 'iose_leases',
        help: 'Leases that are held now, by plane.',
        type: 'gauge',
        draw: () => this.#leases(),
      },
      {
        name: 'iose_lease_waiters',
        help: 'Clients that wait for a slot now, those of its pools included.',
        type: 'gauge',
        draw: () => this.#each(({ waiters }) => waiters.length),
      },
      ...COUNTERS.map(
        ([counter, name, help]): Family => ({
          ...{ name, help, type: 'counter' },
          draw: () => this.#each(({ counters }) => counters[counter]),
        }),
      ),
    ]
  }

  /** Takes down how things are now; what is drawn until the next call shows this moment. */
  begin(): void {
    const reports = this.#report()
    const known = new Set<string>(reports.map(({ seid }) => seid))
    for (const seid of this.#labels.keys()) if (!known.has(seid)) this.#labels.delete(seid)
    this.#slots = reports.map((report) => ({ report, labels: this.#labelsOf(report) }))
  }

  #labelsOf({ seid, driver }: SlotReport): SlotLabels {
    let labels = this.#labels.get(seid)
    if (labels === undefined) {
      const slot = { seid, driver }
      labels = { slot, states: STATES.map((state) => ({ state, labels: { ...slot, state } })) }
      this.#labels.set(seid, labels)
    }
    return labels
  }

  #byState(): Sample[] {
    const counts = new Map<string, number>()
    const drivers = new Set<string>()
    for (const { report } of this.#slots) {
      const key = `${report.driver} ${report.state}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
      drivers.add(report.driver)
    }
    return [...drivers].flatMap((driver) =>
      STATES.map((state) => ({ labels: { driver, state }, value: counts.get(`${driver} ${state}`) ?? 0 })),
    )
  }

  #states(): Sample[] {
    return this.#slots.flatMap(({ report, labels }) =>
      labels.states.map(({ state, labels }) => ({
        ...{ labels: NO_LABELS, sharedLabels: labels },
        value: report.state === state ? 1 : 0,
      })),
    )
  }

  #leases(): Sample[] {
    const counts = { tls_se: 0, racs: 0, gateway: 0 }
    for (const { report } of this.#slots) {
      if (report.holder !== undefined) counts[planeOf(report.holder)]++
    }
    return Object.entries(counts).map(([plane, value]) => ({ labels: { plane }, value }))
  }

  #each(read: (report: SlotReport) => number): Sample[] {
    return this.#slots.map(({ report, labels }) => ({
      ...{ labels: NO_LABELS, sharedLabels: labels.slot },
      value: read(report),
    }))
  }
}

/** Of one slot. */
interface SlotLabels {
  readonly slot: Labels
  readonly states: readonly { readonly state: SlotState; readonly labels: Labels }[]
}

const NO_LABELS: Labels = {}
const STATES = ['absent', 'mute', 'ready', 'leased', 'quarantined'] as const satisfies readonly SlotState[]
const COUNTERS: readonly (readonly [keyof SlotCounters, string, string])[] = [
  ['sessions', 'iose_slot_leases_total', 'Leases of a slot that were granted.'],
  ['apdus', 'iose_slot_apdus_total', 'Commands that were sent to the element of a slot in leases.'],
  ['errors', 'iose_slot_apdu_failures_total', 'Commands in leases of a slot that were not answered.'],
  [
    'resets',
    'iose_slot_resets_total',
    'Resets of the element of a slot, the tries of one that is mute included.',
  ],
  ['mutes', 'iose_slot_mutes_total', 'Times that the element of a slot fell mute.'],
  ['quarantines', 'iose_slot_quarantines_total', 'Times that a slot went into quarantine.'],
]
