// Metrics as Prometheus knows them: families of samples, drawn when somebody asks. What is counted is counted by small
// accumulators here: on the way of an APDU those of prom-client would cost more than all the rest of the gateway's
// bookkeeping (measured: 1.4 us against 0.1 us), and all of prom-client had to be loaded before the first session.

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  /** Undefined: the name of the family. */
  readonly metricName?: string
  readonly labels: Labels
  /** Further labels, an object that many samples share and that does not change: its text is kept. */
  readonly sharedLabels?: Labels
  readonly value: number
}

export interface Family {
  readonly name: string
  /** One or more full sentences. */
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly draw: () => readonly Sample[] | Promise<readonly Sample[]>
}

/** A gauge or counter without labels, of a value that somebody else keeps. */
export function single(type: 'counter' | 'gauge', name: string, help: string, read: () => number): Family {
  return { name, help, type, draw: () => [{ labels: NO_LABELS, value: read() }] }
}

/** A counter with labels; their values come from closed sets, or are cut off at `MAX_SERIES`. */
export class Counter implements Family {
  readonly type = 'counter'
  readonly name: string
  readonly help: string
  readonly #labelNames: readonly string[]
  readonly #series = new Map<string, { readonly labels: Labels; value: number }>()

  constructor(name: string, help: string, labelNames: readonly string[]) {
    this.name = name
    this.help = help
    this.#labelNames = labelNames
  }

  /** From now on there is a series of these values, at 0 until something is counted. */
  begin(...values: readonly string[]): this {
    this.#seriesOf(values)
    return this
  }

  add(...values: readonly string[]): void {
    this.#seriesOf(values).value++
  }

  draw(): readonly Sample[] {
    return [...this.#series.values()]
  }

  #seriesOf(values: readonly string[]): { value: number } {
    const key = values.join('\n')
    const known = this.#series.get(key)
    if (known !== undefined) return known
    if (this.#series.size >= MAX_SERIES && !values.every((value) => value === OTHER)) {
      return this.#seriesOf(values.map(() => OTHER))
    }
    const labels = Object.fromEntries(this.#labelNames.map((name, n) => [name, values[n] ?? '']))
    const made = { labels, value: 0 }
    this.#series.set(key, made)
    return made
  }
}

/** Durations of one kind. */
export class Durations {
  readonly labels: Labels
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0
  #count = 0

  /** @param bounds  upper bounds of the buckets in seconds, ascending */
  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels
    this.#bounds = bounds
    this.#counts = bounds.map(() => 0)
  }

  add(milliseconds: number): void {
    const seconds = milliseconds / 1000
    this.#sum += seconds
    this.#count++
    const at = this.#bounds.findIndex((bound) => seconds <= bound)
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1
  }

  /** Buckets count all that is not longer, as Prometheus wants it. */
  samples(name: string): Sample[] {
    let below = 0
    const { labels } = this
    const buckets = this.#bounds.map((bound, n) => {
      below += this.#counts[n] ?? 0
      return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: below }
    })
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: this.#count },
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: this.#count },
    ]
  }
}

/** A histogram with labels from closed sets. */
export class Histogram implements Family {
  readonly type = 'histogram'
  readonly name: string
  readonly help: string
  readonly #bounds: readonly number[]
  readonly #series: Durations[] = []

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name
    this.help = help
    this.#bounds = bounds
  }

  /** A series of its own; call once for each set of labels. */
  series(labels: Labels): Durations {
    const made = new Durations(labels, this.#bounds)
    this.#series.push(made)
    return made
  }

  draw(): readonly Sample[] {
    return this.#series.flatMap((one) => one.samples(this.name))
  }
}

const NO_LABELS: Labels = {}
/** More than the codes of all errors; only a bug comes here. */
const MAX_SERIES = 256
const OTHER = 'other'
