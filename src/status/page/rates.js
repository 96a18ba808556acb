// APDUs per second of one slot over the last two minutes, from its counter as it comes now and then.

export class Rates {
  #apdus
  #buckets = new Array(BUCKETS).fill(0)
  #head = 0

  /** The counter stands at `apdus`; a smaller one than before is that of a gateway that was started again. */
  take(apdus, nowMs) {
    this.#turn(nowMs)
    if (this.#apdus !== undefined && apdus > this.#apdus) {
      this.#buckets[this.#head % BUCKETS] += apdus - this.#apdus
    }
    this.#apdus = apdus
  }

  /** Per second, oldest first. */
  at(nowMs) {
    this.#turn(nowMs)
    const first = this.#head + 1
    return Array.from({ length: BUCKETS }, (_, n) => this.#buckets[(first + n) % BUCKETS] / BUCKET_S)
  }

  #turn(nowMs) {
    const head = Math.floor(nowMs / 1000 / BUCKET_S)
    const passed = Math.min(BUCKETS, head - this.#head)
    for (let n = 0; n < passed; n++) this.#buckets[(head - n) % BUCKETS] = 0
    if (passed > 0) this.#head = head
  }
}

/** The line of `rates` in a box of 120 by 30, its highest point at the top. */
export function lineOf(rates) {
  const peak = Math.max(1, ...rates)
  const step = 120 / (rates.length - 1)
  const points = rates.map((rate, n) => `${(n * step).toFixed(1)} ${(29 - (27 * rate) / peak).toFixed(1)}`)
  return `M${points.join('L')}`
}

export function rateText(rate) {
  return rate >= 10 || rate === 0 ? rate.toFixed(0) : rate.toFixed(1)
}

const BUCKET_S = 2
const BUCKETS = 60
