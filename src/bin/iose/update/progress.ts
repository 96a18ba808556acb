// How far an update is: one line that changes on a terminal, a line for each tenth otherwise.

export type Phase = 'write' | 'check'

export class Progress {
  readonly #out: NodeJS.WriteStream
  readonly #totalBytes: number
  readonly #verbs: Readonly<Record<Phase, string>>
  #told = ''
  #isOpen = false

  /** @param verbs  what is said of each phase */
  constructor(out: NodeJS.WriteStream, totalBytes: number, verbs: Readonly<Record<Phase, string>>) {
    this.#out = out
    this.#totalBytes = totalBytes
    this.#verbs = verbs
  }

  tell(phase: Phase, doneBytes: number): void {
    const percent = Math.floor((100 * doneBytes) / this.#totalBytes)
    const step = this.#out.isTTY ? percent : percent - (percent % 10)
    const text = `${this.#verbs[phase]} ${step} %`
    if (text === this.#told) return
    this.#told = text
    const line = `${text} of ${Math.ceil(this.#totalBytes / MIB)} MiB`
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
    this.#isOpen = this.#out.isTTY
  }

  /** What is written next begins on a line of its own. */
  end(): void {
    if (this.#isOpen) this.#out.write('\n')
    this.#isOpen = false
  }
}

const MIB = 1_048_576
