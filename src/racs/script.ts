// The life of requests within one session: lines in, responses out. Knows the order of things and the dialect's
// rules for errors; what a command does is somebody else's.

import type { CommandName, Dialect } from './dialect.ts'
import { commandNameOf, errorCode } from './dialect.ts'
import { RequestError } from './errors.ts'
import { formatStatusLine, type StatusLine, tokensOf, withoutCr } from './grammar.ts'
import { type Failure, failureOf } from './status.ts'

/** A response before it is text. */
export interface Response {
  /** The name of the request, if it had one. */
  readonly id: string | undefined
  readonly statuses: readonly StatusLine[]
  /** The connection ends after it. */
  readonly closes: boolean
}

/** Carries out one command line; APPEND is not among its parameters. */
export type Execute = (
  name: Exclude<CommandName, 'BEGIN'>,
  parameters: readonly string[],
) => string | Promise<string>

export interface ScriptEnvironment {
  readonly dialect: Dialect
  readonly execute: Execute
  /** Told once of every failed request. */
  onFailure(failure: Failure, code: string, error: unknown): void
}

export class Script {
  readonly #environment: ScriptEnvironment
  #state: 'idle' | 'open' | 'dropping' = 'idle'
  #id: string | undefined
  #line = 0
  #kept: StatusLine[] = []
  #last: StatusLine | undefined
  /** Whether `#last` stays when the next command has answered. */
  #isLastKept = false
  /** Characters of the status lines so far. */
  #length = 0
  /** The response that waits for END, when the request has failed already. */
  #pending: Response | undefined
  #hasQuit = false
  #hasBegun = false

  constructor(environment: ScriptEnvironment) {
    this.#environment = environment
  }

  /** True between requests. */
  get isIdle(): boolean {
    return this.#state === 'idle'
  }

  /**
   * Takes the next line.
   * @param raw  without its LF, perhaps with its CR
   * @returns a response when there is one to send now; 'close' when the dialect ends the session without a word
   */
  async take(raw: string): Promise<Response | 'close' | undefined> {
    const tokens = tokensOf(withoutCr(raw))
    const isFirstLine = !this.#hasBegun
    this.#hasBegun = true
    const [word] = tokens
    if (word === undefined) {
      // The reference skips a lone LF behind a line (transcript B16).
      const isSkipped = this.#environment.dialect.emptyLine === 'ignored' || (raw === '' && !isFirstLine)
      return isSkipped ? undefined : 'close'
    }
    if (this.#state === 'idle') return this.#begin(word, tokens)
    if (this.#state === 'dropping') return this.#drop(word, tokens)
    if (word === 'END') return this.#end()
    return this.#command(word, tokens, raw)
  }

  /** A line that is too long to be taken; the session cannot go on after it. */
  overlong(maxBytes: number): Response {
    // The request has failed before; its first error is its answer.
    if (this.#pending !== undefined) return { ...this.#pending, closes: true }
    if (this.#state === 'open') this.#line++
    else this.#clear()
    const error = new RequestError('request.syntax', `line of more than ${maxBytes} bytes`)
    return { ...this.#failed(error, undefined), closes: true }
  }

  #begin(word: string, tokens: readonly string[]): Response | undefined {
    this.#clear()
    if (word !== 'BEGIN') {
      const response = this.#failed(new RequestError('request.not-begun', 'BEGIN is expected'), undefined)
      // No request, so no END either to wait for with the answer; but one may follow.
      this.#state = word === 'END' ? 'idle' : 'dropping'
      return response
    }
    const isStrict = this.#environment.dialect.parsing === 'strict'
    const id = tokens.length === 2 || isStrict ? tokens[1] : undefined
    const isBad = (id?.length ?? 0) > MAX_ID || (isStrict && (tokens.length > 2 || !isPrintable(id ?? '')))
    if (isBad) {
      const message = `BEGIN takes one name of at most ${MAX_ID} characters`
      return this.#fail(new RequestError('request.bad-name', message), undefined)
    }
    this.#id = id
    this.#state = 'open'
    return undefined
  }

  /** After an error nothing counts but END; and a BEGIN, when what failed was no request. */
  #drop(word: string, tokens: readonly string[]): Response | undefined {
    if (word === 'BEGIN' && this.#line === 0 && this.#pending === undefined) return this.#begin(word, tokens)
    if (word !== 'END') return undefined
    this.#state = 'idle'
    const pending = this.#pending
    this.#clear()
    return pending
  }

  #end(): Response {
    this.#state = 'idle'
    const last = this.#last ?? { sign: '+', code: '001', line: 0, text: 'No error' }
    const response = { id: this.#id, statuses: [...this.#kept, last], closes: this.#hasQuit }
    this.#clear()
    return response
  }

  /** Forgets the request: a session that is idle keeps nothing of it. */
  #clear(): void {
    this.#id = undefined
    this.#line = 0
    this.#kept = []
    this.#last = undefined
    this.#isLastKept = false
    this.#length = 0
    this.#pending = undefined
  }

  async #command(word: string, tokens: readonly string[], raw: string): Promise<Response | undefined> {
    this.#line++
    const name = commandNameOf(word)
    const isAppended = tokens.length > 1 && tokens.at(-1) === 'APPEND'
    try {
      if (name === 'BEGIN') throw new RequestError('request.begun-twice', 'BEGIN within a request')
      this.#check(raw)
      if (name === undefined) throw new RequestError('request.unknown-command', 'unknown command')
      const text = await this.#environment.execute(name, tokens.slice(1, isAppended ? -1 : undefined))
      this.#answered({
        sign: '+',
        code: `0${this.#environment.dialect.numbers[name]}`,
        line: this.#line,
        text: ownCopyOf(text),
      })
      this.#isLastKept = isAppended
      this.#hasQuit ||= name === 'QUIT' || name === 'XEND'
      return undefined
    } catch (error) {
      return this.#fail(error, name)
    }
  }

  #check(raw: string): void {
    if (this.#line > MAX_REQUEST_LINES) {
      throw new RequestError('request.syntax', `a request has at most ${MAX_REQUEST_LINES} lines`)
    }
    if (this.#environment.dialect.parsing === 'strict' && !isPrintable(withoutCr(raw))) {
      throw new RequestError('request.syntax', 'only printable ASCII is text')
    }
  }

  #answered(status: StatusLine): void {
    const isReplacing = this.#last !== undefined && !this.#isLastKept
    const replaced = isReplacing ? lengthOf(this.#last) : 0
    const length = this.#length - replaced + lengthOf(status)
    const { maxResponseBytes } = this.#environment.dialect
    if (length > maxResponseBytes) {
      throw new RequestError('request.response-full', `response of more than ${maxResponseBytes} bytes`)
    }
    if (this.#last !== undefined && this.#isLastKept) this.#kept.push(this.#last)
    this.#last = status
    this.#length = length
  }

  /** The response to a request that failed: now, or undefined when it is sent at END. */
  #fail(error: unknown, name: CommandName | undefined): Response | undefined {
    const response = this.#failed(error, name)
    this.#state = 'dropping'
    if (this.#environment.dialect.answersErrors === 'at-once') return response
    this.#pending = response
    return undefined
  }

  #failed(error: unknown, name: CommandName | undefined): Response {
    const { dialect } = this.#environment
    const failure = failureOf(error)
    const code = errorCode(dialect, failure.cause, name)
    this.#environment.onFailure(failure, `-${code}`, error)
    const status: StatusLine = { sign: '-', code, line: this.#line, text: failure.text }
    if (this.#last !== undefined && this.#isLastKept) this.#kept.push(this.#last)
    const kept = dialect.keepsAppended ? this.#kept : []
    const closes = dialect.fatal.has(failure.cause) || (this.#hasQuit && dialect.answersErrors === 'at-end')
    return { id: this.#id, statuses: [...kept, status], closes }
  }
}

/** The text of a response, as it goes over the wire. */
export function textOf({ id, statuses }: Response, dialect: Dialect): string {
  const isUnnamed = id === undefined
  const [first] = statuses
  // The reference puts a blank where the name would be, except when there was no BEGIN.
  const hadBegin = !(first?.sign === '-' && first.code === dialect.codes['not-begun'])
  const begin = isUnnamed ? `BEGIN${hadBegin ? dialect.nameSeparator : ''}` : `BEGIN ${id}`
  return `${begin}\r\n${statuses.map((status) => `${formatStatusLine(status)}\r\n`).join('')}END\r\n`
}

function lengthOf(status: StatusLine | undefined): number {
  return status === undefined ? 0 : formatStatusLine(status).length + CRLF_BYTES
}

/** A piece of a string may hold on to all of it, here to the line or even the chunk that a parameter came in. */
function ownCopyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7E]*$/.test(text)
}

/** Names of requests; the buffer of the reference has this size. */
const MAX_ID = 64
const MAX_REQUEST_LINES = 10_000
const CRLF_BYTES = 2
