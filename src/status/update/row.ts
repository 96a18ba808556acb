// How far an update over the status plane is, as JSON.

import type { Reply } from '../../update/orders.ts'

export interface UpdateRow {
  readonly state: 'receiving' | 'comparing' | 'installed' | 'failed'
  /** `address:port` of whoever uploads it. */
  readonly by: string
  /** When it began: ISO 8601, UTC. */
  readonly since: string
  /** Of the file, and how much of it has come. */
  readonly bytes: number
  readonly received_bytes: number
  /** Null until its signature is verified; of the payload what is written, and compared with what was signed. */
  readonly version: string | null
  readonly slot: string | null
  readonly payload_bytes: number | null
  readonly written_bytes: number
  readonly compared_bytes: number
  /** Of an update that has failed. */
  readonly code: string | null
  readonly error: string | null
}

export function newRow(by: string, since: string, bytes: number): UpdateRow {
  return {
    ...{ state: 'receiving', by, since, bytes, received_bytes: 0, version: null, slot: null },
    ...{ payload_bytes: null, written_bytes: 0, compared_bytes: 0, code: null, error: null },
  }
}

/** As it is after this answer of root. */
export function rowAfter(row: UpdateRow, reply: Reply): UpdateRow {
  switch (reply.reply) {
    case 'accepted':
      return { ...row, version: reply.version, slot: reply.slot, payload_bytes: reply.bytes }
    case 'progress':
      return reply.phase === 'write'
        ? { ...row, written_bytes: reply.bytes }
        : {
            ...row,
            state: 'comparing',
            written_bytes: row.payload_bytes ?? 0,
            compared_bytes: reply.bytes,
          }
    case 'done':
      return { ...row, state: 'installed', version: reply.version, slot: reply.slot }
    case 'refused':
      // With what it means here: whoever sent the order.
      return row
  }
}
