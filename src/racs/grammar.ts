// The text of RACS, both ways: lines out of a byte stream, tokens out of a line, status lines.
// draft-urien-core-racs, grammar; what is ours to choose (limits, line ends) is in the README.
//
//   request  = "BEGIN" [SP id] CRLF  *( command *(SP parameter) [SP "APPEND"] CRLF )  "END" CRLF
//   response = "BEGIN" [SP id] CRLF  1*status  "END" CRLF
//   status   = ("+" / "-") x y z SP line *(SP token) CRLF
//
// Text is latin1, one character per byte, so that whatever bytes come in can be measured and echoed.

/** Longest line, its line end not counted. */
export const MAX_LINE_BYTES = 16_384

/**
 * Cuts a byte stream into lines. A line ends with LF; it is handed out without it, and with its CR if it had one.
 * Keeps at most one line of `maxBytes` and the chunks pushed since the last line was taken.
 */
export class LineAssembler {
  readonly #maxBytes: number
  #text = ''
  /** Where the next line starts. */
  #start = 0
  /** Up to where no LF was found. */
  #searched = 0
  #isOverlong = false

  constructor(maxBytes = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes
  }

  /** True from the moment a line was longer than allowed; nothing more comes out then. */
  get isOverlong(): boolean {
    return this.#isOverlong
  }

  /** True when part of a line waits for its end. */
  get isMidLine(): boolean {
    return this.#start < this.#text.length
  }

  /** @param chunk  borrowed during the call only */
  push(chunk: Uint8Array): void {
    if (this.#isOverlong) return
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    this.#text = this.#text.slice(this.#start) + text
    this.#searched -= this.#start
    this.#start = 0
  }

  /** The next whole line, or undefined when more bytes are needed, or a line is overlong. */
  next(): string | undefined {
    if (this.#isOverlong) return undefined
    const end = this.#text.indexOf('\n', this.#searched)
    const length = (end < 0 ? this.#text.length : end) - this.#start
    const hasCr = this.#text.charCodeAt(this.#start + length - 1) === CR
    if (length - (hasCr ? 1 : 0) > this.#maxBytes) {
      this.#isOverlong = true
      this.#text = ''
      return undefined
    }
    if (end < 0) {
      this.#searched = this.#text.length
      return undefined
    }
    const line = this.#text.slice(this.#start, end)
    this.#start = this.#searched = end + 1
    return line
  }
}

/** A line without its CR, if it ends with one. */
export function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** The tokens of a line: what stands between spaces. */
export function tokensOf(line: string): string[] {
  return line.split(' ').filter((token) => token !== '')
}

/** One status line of a response. */
export interface StatusLine {
  readonly sign: '+' | '-'
  /** Three digits: event class and command. */
  readonly code: string
  /** Number of the request line it answers; BEGIN is 0. */
  readonly line: number
  /** What follows the line number: data of the command, or free text. */
  readonly text: string
}

/** The status line that `line` is, or undefined. */
export function statusLineOf(line: string): StatusLine | undefined {
  const match = /^([+-])(\d{3}) (\d{3,})(?: (.*))?$/s.exec(line)
  if (match === null) return undefined
  const [, sign, code = '', number, text = ''] = match
  return { sign: sign === '+' ? '+' : '-', code, line: Number(number), text }
}

/** As it stands in a response, without CR LF. */
export function formatStatusLine({ sign, code, line, text }: StatusLine): string {
  return `${sign}${code} ${String(line).padStart(3, '0')} ${text}`
}

const CR = 0x0d
