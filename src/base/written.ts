// What this process has asked file systems to write, by kind of file: each sync wears flash, however few bytes it has.

import { basename } from 'node:path'

export interface Written {
  readonly kind: WrittenKind
  bytes: number
  /** Calls of fsync and fdatasync, on files and on their directories. */
  syncs: number
}

export type WrittenKind = 'audit' | 'bindings' | 'tries' | 'keys' | 'other'

/** One for each kind, from the start of the process on. Of the whole process, as its processor time is. */
export const written: readonly Written[] = (['audit', 'bindings', 'tries', 'keys', 'other'] as const).map(
  (kind) => ({ kind, bytes: 0, syncs: 0 }),
)

/** Counts what was asked for, whether it came to its end or not. @param path  of the file, or of one like it */
export function countWritten(path: string, { bytes = 0, syncs = 0 }): void {
  const kind = kindOf(basename(path))
  const row = written.find((one) => one.kind === kind)
  if (row === undefined) return
  row.bytes += bytes
  row.syncs += syncs
}

/** By the name, without the ending that makes a temporary one of it. */
function kindOf(name: string): WrittenKind {
  if (name.startsWith('audit-')) return 'audit'
  if (name.startsWith('bindings.json')) return 'bindings'
  if (name.startsWith('tries.json')) return 'tries'
  return /\.(pem|key)(\.|$)|^index\.json|\.token(\.|$)/.test(name) ? 'keys' : 'other'
}
