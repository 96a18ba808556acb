// What wears flash: what the gateway writes, and what the medium has written altogether.

import type { Written } from '../../base/written.ts'
import type { Family, Sample } from './family.ts'

/** What the medium below the state directory tells. */
export interface MediumCounts {
  readonly lifetimeBytes: number | undefined
  readonly lifeTenths: number | undefined
}

export interface FlashOptions {
  readonly written: () => readonly Written[]
  readonly medium: () => Promise<MediumCounts | undefined>
}

export function flashFamilies({ written, medium }: FlashOptions): readonly Family[] {
  const byKind = (valueOf: (row: Written) => number): Sample[] =>
    written().map((row) => ({ labels: { kind: row.kind }, value: valueOf(row) }))
  const ofMedium = async (valueOf: (counts: MediumCounts) => number | undefined): Promise<Sample[]> => {
    const counts = await medium()
    const value = counts === undefined ? undefined : valueOf(counts)
    // A medium that tells nothing has no series.
    return value === undefined ? [] : [{ labels: {}, value }]
  }
  return [
    {
      name: 'iose_written_bytes_total',
      help: 'Bytes that the gateway has asked file systems to write, by kind of file.',
      type: 'counter',
      draw: () => byKind(({ bytes }) => bytes),
    },
    {
      name: 'iose_syncs_total',
      help: 'How often the gateway has waited for files or their directories to be on the disk, by kind of file.',
      type: 'counter',
      draw: () => byKind(({ syncs }) => syncs),
    },
    {
      name: 'iose_medium_written_bytes_total',
      help: 'Bytes that everybody together has written to the file system of the state directory since it was made.',
      type: 'counter',
      draw: () => ofMedium(({ lifetimeBytes }) => lifetimeBytes),
    },
    {
      name: 'iose_medium_life_used_ratio',
      help: 'How much of its life an eMMC says is used up, in steps of a tenth, the worse of its areas.',
      type: 'gauge',
      draw: () => ofMedium(({ lifeTenths }) => (lifeTenths === undefined ? undefined : lifeTenths / 10)),
    },
  ]
}
