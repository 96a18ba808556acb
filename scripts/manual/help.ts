// The parts of a help text. Its shape: blocks between empty lines; the first is the usage; a block is paragraphs, or a
// list whose terms are indented by two blanks, or a line with a list below it. `Example:` and `Exit codes:` start parts.

export interface Entry {
  /** `--cert, --key, --ca FILE` */
  readonly term: string
  readonly text: string
}

export type Block =
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly entries: readonly Entry[] }
  | { readonly kind: 'verbatim'; readonly lines: readonly string[] }

export interface Help {
  /** Without `Usage:`. */
  readonly usage: readonly string[]
  readonly description: readonly Block[]
  /** Words that follow the command, when the help lists them apart from flags. */
  readonly commands: readonly Entry[]
  /** Arguments and flags. */
  readonly options: readonly Block[]
  /** What is said after the flags. */
  readonly notes: readonly Block[]
  /** Code -> what it means. */
  readonly exitCodes: readonly Entry[]
  readonly signals: string
  readonly examples: readonly string[]
}

/**
 * The parts of what a program prints for `--help`.
 * @throws Error when the text has another shape, with the line
 */
export function parseHelp(text: string): Help {
  const [usage = [], ...blocks] = text
    .trimEnd()
    .split(/\n{2,}/)
    .map((block) => block.split('\n'))
  if (usage[0]?.startsWith('Usage: ') !== true)
    throw new Error(`help does not begin with "Usage: ": ${usage[0] ?? ''}`)
  const examples: string[] = []
  const pieces = blocks.flatMap((lines) => blocksOf(lines.filter((line) => !takeExample(line, examples))))
  const parts = { description: [] as Block[], options: [] as Block[], notes: [] as Block[] }
  const said = { commands: [] as Entry[], exitCodes: [] as Entry[], signals: '' }
  for (const [index, piece] of pieces.entries()) {
    const rest = piece.kind === 'paragraph' ? withoutEnds(piece.text, said) : piece
    if (rest === undefined) continue
    if (rest.kind === 'list' && isOfCommands(rest.entries)) said.commands.push(...rest.entries)
    else if (rest.kind === 'list' || isHeading(rest, pieces[index + 1])) parts.options.push(rest)
    else if (parts.options.length === 0) parts.description.push(rest)
    else parts.notes.push(rest)
  }
  return { usage: usage.map((line) => line.replace(/^Usage: /, '').trim()), ...parts, ...said, examples }
}

function blocksOf(lines: readonly string[]): Block[] {
  const first = lines.findIndex((line) => line.startsWith(' '))
  if (first < 0) return lines.length === 0 ? [] : [{ kind: 'paragraph', text: lines.join(' ') }]
  const after = lines.findIndex((line, index) => index > first && !line.startsWith(' '))
  const indented = lines.slice(first, after < 0 ? undefined : after)
  const entries = entriesOf(indented)
  const block: Block = entries.some(({ text }) => text !== '')
    ? { kind: 'list', entries }
    : { kind: 'verbatim', lines: indented.map((line) => line.trim()) }
  return [...blocksOf(lines.slice(0, first)), block, ...(after < 0 ? [] : blocksOf(lines.slice(after)))]
}

/** The column of the texts is that at which most lines begin a word after blanks; a long term stands on its own line. */
function entriesOf(lines: readonly string[]): Entry[] {
  const column = columnOf(lines)
  const entries: { term: string; text: string }[] = []
  for (const line of lines) {
    const last = entries.at(-1)
    if (/^ {2}\S/.test(line)) {
      const hasText = line.length > column && line[column - 1] === ' ' && !isWithinTerm(line, column)
      entries.push({
        term: (hasText ? line.slice(0, column) : line).trim(),
        text: hasText ? line.slice(column).trim() : '',
      })
    } else if (last === undefined) throw new Error(`help: a list begins with no term: ${line}`)
    else last.text = `${last.text} ${line.trim()}`.trim()
  }
  return entries
}

function columnOf(lines: readonly string[]): number {
  const counts = new Map<number, number>()
  for (const line of lines) {
    const column = /^ {2}\S.*? {2,}(?=\S)|^ {3,}(?=\S)/.exec(line)?.[0].length
    if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1)
  }
  const [best] = [...counts].sort(([, one], [, other]) => other - one)
  return best?.[0] ?? Number.POSITIVE_INFINITY
}

/** A term longer than the column, such as `--cert, --key, --ca FILE`, may have a blank there. */
function isWithinTerm(line: string, column: number): boolean {
  const before = line.slice(0, column)
  return before.endsWith(', ') || /^(?:[A-Z]+|--\S+ [A-Z]+)$/.test(line.slice(column).trim())
}

function isOfCommands(entries: readonly Entry[]): boolean {
  return entries.every(({ term }) => /^[a-z]/.test(term))
}

function isHeading(block: Block, next: Block | undefined): boolean {
  return block.kind === 'paragraph' && block.text.endsWith(':') && next?.kind === 'list'
}

function takeExample(line: string, examples: string[]): boolean {
  if (!line.startsWith('Example: ')) return false
  examples.push(line.slice('Example: '.length))
  return true
}

/** The paragraph without exit codes and signals, which have sections of their own; undefined when it was nothing else. */
function withoutEnds(text: string, said: { exitCodes: Entry[]; signals: string }): Block | undefined {
  const [before = '', codes] = text.split(/Exit codes: /)
  if (codes !== undefined) {
    for (const item of codes.replace(/\.$/, '').split(/[,;] (?=\d+ )/)) {
      const [, term, meaning] = /^(\d+) (.+)$/.exec(item) ?? []
      if (term === undefined || meaning === undefined) throw new Error(`help: no exit code: ${item}`)
      said.exitCodes.push({ term, text: meaning })
    }
  }
  const [rest = '', signals] = before.split(/Signals: /)
  if (signals !== undefined) said.signals = signals.trim()
  return rest.trim() === '' ? undefined : { kind: 'paragraph', text: rest.trim() }
}
