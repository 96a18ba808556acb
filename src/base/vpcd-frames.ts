// The framing of vsmartcard's virtual reader (vpcd): two bytes of length, big-endian, then a payload. A payload of
// one byte towards the card is a control code, anything longer an APDU.

/** Control codes. Only GET_ATR is answered. */
export const CONTROL = { POWER_OFF: 0x00, POWER_ON: 0x01, RESET: 0x02, GET_ATR: 0x04 } as const

/** Header and payload in one piece, so that they leave in one segment. */
export function frameOf(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + payload.length)
  frame[0] = payload.length >> 8
  frame[1] = payload.length & 0xff
  frame.set(payload, HEADER_BYTES)
  return frame
}

/** Cuts a byte stream into payloads, and never keeps more than one frame of it. */
export class FrameReader {
  readonly #maxPayloadBytes: number
  #rest: Uint8Array = new Uint8Array(0)

  constructor(maxPayloadBytes: number) {
    this.#maxPayloadBytes = maxPayloadBytes
  }

  /** True when part of a frame waits for its rest. */
  get isMidFrame(): boolean {
    return this.#rest.length > 0
  }

  /**
   * The payloads that `chunk` completes, views borrowed from it where they lie in it whole.
   * @returns undefined when a frame is longer than allowed: the stream cannot be used any more
   */
  push(chunk: Uint8Array): Uint8Array[] | undefined {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const payloads: Uint8Array[] = []
    for (;;) {
      const [high, low] = rest
      if (high === undefined || low === undefined) break
      const end = HEADER_BYTES + ((high << 8) | low)
      if (end > HEADER_BYTES + this.#maxPayloadBytes) return undefined
      if (end > rest.length) break
      payloads.push(rest.subarray(HEADER_BYTES, end))
      rest = rest.subarray(end)
    }
    this.#rest = rest
    return payloads
  }
}

const HEADER_BYTES = 2
