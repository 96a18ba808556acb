// The wires of elements and the buses that they share.

import type { Family, Labels, Sample } from './family.ts'

/** What is counted at the end of a wire; drivers/wire-counts.ts says what each figure is. */
export interface WireReport {
  readonly seid: string
  readonly medium: string
  readonly bus: { readonly busyMs: number; readonly transfers: number; readonly errors: number }
  readonly t1: { readonly repeats: number; readonly resyncs: number } | undefined
}

export function wireFamilies(wires: () => readonly WireReport[]): readonly Family[] {
  const buses = (read: (bus: WireReport['bus']) => number): Sample[] => {
    const byMedium = new Map(wires().map(({ medium, bus }) => [medium, bus]))
    return [...byMedium].map(([bus, counts]) => ({ labels: { bus }, value: read(counts) }))
  }
  const elements = (read: (t1: NonNullable<WireReport['t1']>) => number): Sample[] =>
    wires().flatMap(({ seid, t1 }) => (t1 === undefined ? [] : [sampleOf({ seid }, read(t1))]))
  const counter = (name: string, help: string, draw: () => Sample[]): Family => ({
    ...{ name, help, type: 'counter', draw },
  })
  return [
    counter(
      'iose_bus_busy_seconds_total',
      'Time during which a bus was in use; its rate is its utilisation.',
      () => buses(({ busyMs }) => busyMs / 1000),
    ),
    counter('iose_bus_transfers_total', 'Transfers on a bus, those that an element refused included.', () =>
      buses(({ transfers }) => transfers),
    ),
    counter('iose_bus_errors_total', 'Transfers on a bus that failed.', () => buses(({ errors }) => errors)),
    counter('iose_t1_retransmissions_total', 'Blocks of T=1 that were sent again, or asked for again.', () =>
      elements(({ repeats }) => repeats),
    ),
    counter(
      'iose_t1_resyncs_total',
      'Resynchronisations of T=1 because something went wrong on the way to an element.',
      () => elements(({ resyncs }) => resyncs),
    ),
  ]
}

function sampleOf(labels: Labels, value: number): Sample {
  return { labels, value }
}
