// What a benchmark reports: one row a figure, with the floor or limit it is held against, taken in the same run.

export interface Row {
  readonly name: string
  readonly unit: string
  /** The figure itself, a median unless the name says otherwise. NaN: not measured, the remark says why. */
  readonly value: number
  /** In `unit`, as everything else but `ratio`. */
  readonly p50?: number
  readonly p99?: number
  /** A floor or limit, measured or computed in the same run. */
  readonly reference?: number
  /** `value` by `reference`. */
  readonly ratio?: number
  /** For people: what the reference is, the aim, what was scaled down. */
  readonly remark?: string
}

/** How long to measure; `quick` shows that everything runs, its figures are rough. */
export type Pace = 'full' | 'quick'

/** One subject: measures itself and returns its rows. */
export interface Benchmark {
  readonly name: string
  /** The names of the rows that `run` returns. */
  readonly rows: readonly string[]
  run(pace: Pace): Promise<Row[]>
}

/** A row of the median and the 99th percentile of `samples`. */
export function rowOf({
  samples,
  ...row
}: Omit<Row, 'value' | 'p50' | 'p99' | 'ratio'> & { samples: readonly number[] }): Row {
  const value = median(samples)
  return withRatio({ ...row, value, p50: value, p99: percentile(samples, 0.99) })
}

/** `row` with its ratio, when it has a reference. */
export function withRatio(row: Omit<Row, 'ratio'>): Row {
  return row.reference === undefined ? row : { ...row, ratio: row.value / row.reference }
}

/** In the place of a row that could not be measured. */
export function missingRow(name: string, reason: string): Row {
  return { name, unit: '', value: NaN, remark: reason }
}

/** The value below which `share` of the samples lie; 0 of none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5)
}

/** The rows as JSON, each with every field; `null` where there is nothing to say. */
export function jsonOf(rows: readonly Row[]): string {
  const records = rows.map(
    ({ name, unit, value, p50 = null, p99 = null, reference = null, ratio = null }) => ({
      name,
      unit,
      value,
      p50,
      p99,
      reference,
      ratio,
    }),
  )
  return `${JSON.stringify(records, null, 1)}\n`
}

/** The rows as a table for a terminal. */
export function tableOf(rows: readonly Row[]): string {
  const number = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '' : value >= 100 ? value.toFixed(0) : value.toPrecision(3)
  const cells = rows.map((row) => [
    row.name,
    `${number(row.value)} ${row.unit}`,
    number(row.p50),
    number(row.p99),
    number(row.reference),
    number(row.ratio),
    row.remark ?? '',
  ])
  const head = ['name', 'value', 'p50', 'p99', 'reference', 'ratio', 'remark']
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [head, widths.map((width) => '-'.repeat(width)), ...cells].map(line).join('\n')
}
