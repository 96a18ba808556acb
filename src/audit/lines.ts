// A file of the log, line by line, however long it is.

import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** What follows the last line feed of a file. */
export interface Tail {
  readonly bytes: number
  /** Where it begins. */
  readonly offset: number
}

/**
 * Reads a file to its end.
 * @param onLine  is given each line without its line feed, borrowed until it returns; false ends the reading
 * @param writer  `maybe`: somebody may be writing, so a tail is looked at again for a while
 * @returns the tail; nothing when the reading was ended
 * @throws the system's error
 */
export async function readLines(
  path: string,
  onLine: (line: Buffer) => boolean,
  writer: 'none' | 'maybe' = 'none',
): Promise<Tail> {
  const file = await open(path, 'r')
  try {
    const cutter = new LineCutter()
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    let position = 0
    let looks = writer === 'maybe' ? LOOKS : 1
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position)
      position += bytesRead
      if (!cutter.push(chunk.subarray(0, bytesRead), onLine)) return { bytes: 0, offset: position }
      if (bytesRead > 0) continue
      const tail = { bytes: cutter.restBytes, offset: position - cutter.restBytes }
      if (tail.bytes === 0 || --looks === 0) return tail
      await delay(LOOK_MS)
    }
  } finally {
    await file.close()
  }
}

/** Cuts what comes in chunks into lines. */
class LineCutter {
  #rest: Buffer = NOTHING
  /** Bytes since the last line feed; of more than `MAX_LINE_BYTES` the beginning only is kept. */
  restBytes = 0

  /** @returns false when `onLine` wants no more */
  push(chunk: Buffer, onLine: (line: Buffer) => boolean): boolean {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const own = chunk.subarray(start, end)
      const line = this.restBytes === 0 ? own : Buffer.concat([this.#rest, own])
      this.#rest = NOTHING
      this.restBytes = 0
      if (!onLine(line)) return false
      start = end + 1
    }
    const tail = chunk.subarray(start)
    if (tail.length === 0) return true
    if (this.restBytes < MAX_LINE_BYTES) this.#rest = Buffer.concat([this.#rest, tail])
    this.restBytes += tail.length
    return true
  }
}

const LINE_FEED = 0x0a
const CHUNK_BYTES = 1 << 20

/** No record is so long. */
const MAX_LINE_BYTES = 4 << 20
const NOTHING: Buffer = Buffer.alloc(0)
const LOOKS = 5
const LOOK_MS = 50
