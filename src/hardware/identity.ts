// What tells a board apart: the UUID and the wiring that its ID EEPROM names. Pure.

import { createHash } from 'node:crypto'
import type { Board } from '../config/board.ts'

/**
 * A UUID that is always the same for the same board: version 5 (RFC 9562 section 5.5) of a URN.
 * @param serial  of one board; without it, the UUID is that of the revision
 */
export function boardUuid({ name, revision }: Pick<Board, 'name' | 'revision'>, serial?: string): string {
  const parts = [name, revision, ...(serial === undefined ? [] : [serial])]
  return uuid5(URL_NAMESPACE, `urn:iose:board:${parts.map(encodeURIComponent).join(':')}`)
}

/** @param namespace  a UUID */
export function uuid5(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
  const bytes = new DataView(new Uint8Array(hash.digest()).buffer, 0, 16)
  bytes.setUint8(6, (bytes.getUint8(6) & 0x0f) | 0x50)
  bytes.setUint8(8, (bytes.getUint8(8) & 0x3f) | 0x80)
  const digits = Buffer.from(bytes.buffer, 0, 16).toString('hex')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/**
 * The wiring of a board in one line, for the custom atom of its ID EEPROM: a program can tell by it that the board
 * which is plugged in is not wired as its board file says.
 */
export function wiringMark({ slots }: Pick<Board, 'slots'>): string {
  const wires = slots.map(({ designator, entry }) => {
    const { driver, bus, wiring, front } = entry
    const { led, button } = front
    const place =
      entry.driver === 'i2c'
        ? { address: entry.address, segment: entry.segment }
        : { chipSelect: entry.chipSelect }
    return { designator, driver, bus, framing: entry.framing, ...place, ...wiring, led, button }
  })
  const text = JSON.stringify(wires, sorted)
  return `${WIRING_MARK}${createHash('sha256').update(text).digest('hex')}`
}

/** Keys in one order, whatever the file's was. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What the mark begins with. */
export const WIRING_MARK = 'iose-wiring-1 sha256:'
/** RFC 9562 section 6.6 */
const URL_NAMESPACE = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'
