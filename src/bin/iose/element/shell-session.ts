// The shell behind its lines: a session with an element that may be lost and opened again.

import { ClientError } from '../../../client/errors.ts'
import { printable } from '../../../client/printable.ts'
import type { ElementClient } from '../../../client/tls/connection.ts'
import { printJson, printLine } from '../racs/output.ts'
import type { Dialogue } from '../terminal/dialogue.ts'
import { type Access, ask, elementErrorOf } from './session.ts'

export interface ShellSettings {
  readonly access: Access
  readonly isJson: boolean
  /** A person at a terminal: a lost session is opened again; else it ends the shell. */
  readonly isInteractive: boolean
}

export class ShellSession implements Dialogue, AsyncDisposable {
  readonly historyName = 'shell'
  readonly greeting = 'Each line goes to the element; .help says more, Ctrl-D leaves.'
  /** Never called: an element that ends a session says so at the next line. */
  onLost: ((message: string) => void) | undefined
  readonly #settings: ShellSettings
  #client: ElementClient | undefined
  #isBusy = false
  #isGivenUp = false

  constructor(settings: ShellSettings) {
    this.#settings = settings
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  get prompt(): string {
    return `${printable(this.#settings.access.uri.sen)}> `
  }

  /** Opens the session, so that a shell that cannot work does not start. @throws CliError */
  async open(): Promise<void> {
    try {
      this.#client = await this.#settings.access.open()
    } catch (error) {
      throw elementErrorOf(error, this.#settings.access.uri)
    }
  }

  isWorthKeeping(line: string): boolean {
    return !SECRET_LINE.test(line)
  }

  completionsOf(line: string): [string[], string] {
    return [COMMANDS.filter((command) => line !== '' && command.startsWith(line)), line]
  }

  /** @throws CliError when the session is lost and nobody is there to have another */
  async enter(line: string): Promise<boolean> {
    const word = line.trim()
    if (word === '.quit' || word === '.exit') return false
    if (word === '.help') process.stdout.write(HELP)
    else if (word !== '') await this.#say(line)
    return true
  }

  interrupt(): Promise<void> {
    if (!this.#isBusy) return Promise.resolve()
    this.#isGivenUp = true
    this.#client?.abort()
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]()
  }

  async #say(line: string): Promise<void> {
    const { access, isJson, isInteractive } = this.#settings
    this.#isBusy = true
    try {
      const client = await this.#opened()
      const answer = await ask(client, access, line)
      if (isJson) printJson({ sen: access.uri.sen, answer })
      else for (const part of answer.split(/\r?\n/)) printLine(part)
    } catch (error) {
      await this.#end()
      const told = this.#isGivenUp ? new ClientError('client.transport', 'given up') : error
      const complaint = elementErrorOf(told, access.uri)
      if (!isInteractive) throw complaint
      process.stderr.write(`iose: ${complaint.message}\nThe next line opens a new session.\n`)
    } finally {
      this.#isBusy = false
      this.#isGivenUp = false
    }
  }

  /** A session that ended while nobody spoke, as gateways end idle ones, is opened again; nothing is said twice. */
  async #opened(): Promise<ElementClient> {
    if (this.#client !== undefined && !this.#client.isOver) return this.#client
    const hadOne = this.#client !== undefined
    await this.#end()
    const client = await this.#settings.access.open()
    this.#client = client
    if (hadOne) process.stderr.write('The session had ended; this is a new one.\n')
    return client
  }

  async #end(): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]()
    this.#client = undefined
  }
}

/** A leading blank; a change of the key; private keys and seeds of the key store. */
const SECRET_LINE = /^(?:\s|\?AA|[XRTt][0-9A-Fa-f]{2})/i
const COMMANDS = ['.help', '.quit']
const HELP = `A line goes to the element as it is, and what it answers is printed. Lines of the shell itself:
  .help   this text
  .quit   ends the session and leaves; so does Ctrl-D
Ctrl-C gives up an answer, and the session with it. Kept for the next time are all lines but those that begin with a
blank or carry a key: ?AA, X, R, T.
An element that serves the key store knows: ?00 version, ?01TEXT echo, c00 and g00 clear key 00 and make a new one,
p00 its public key, s00 and a digest in hex a signature, ?0A to ?0C attestation.
`
