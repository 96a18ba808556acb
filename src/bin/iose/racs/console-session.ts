// The console behind its lines: a session with the gateway that may be lost and made again, a request in the making,
// an element in use.

import { systemClock } from '../../../base/clock.ts'
import { ClientError } from '../../../client/errors.ts'
import { seidsOf } from '../../../client/list.ts'
import type { RacsClient, RacsReply, RacsRequest } from '../../../client/racs.ts'
import { CliError, EXIT, type ExitCode } from '../command.ts'
import type { Dialogue } from '../terminal/dialogue.ts'
import { completionsOf, consoleHelp } from './console-commands.ts'
import { type Action, actionOf, isWorthKeeping } from './console-input.ts'
import type { Destination } from './destination.ts'
import { cliErrorOf, exitCodeOf, refusalOf } from './explain.ts'
import type { SharedOptions } from './options.ts'
import { printReply } from './output.ts'
import { connected } from './session.ts'

export interface ConsoleSettings {
  readonly destination: Destination
  readonly shared: SharedOptions
  /** A person at a terminal: a lost session is made again; else it ends the console. */
  readonly isInteractive: boolean
}

export class ConsoleSession implements Dialogue, AsyncDisposable {
  readonly historyName = 'racs'
  readonly greeting = 'help lists the commands, Ctrl-D leaves.'
  readonly #settings: ConsoleSettings
  #client: RacsClient | undefined
  #isBusy = false
  /** The session that Ctrl-C ended, until that is told. */
  #givenUp: RacsClient | undefined
  #seid: string | undefined
  #block: { id: string | undefined; lines: string[] } | undefined
  #seids: readonly string[] = []
  #worst: ExitCode = EXIT.done
  /** Called when the session is lost while nothing is under way. */
  onLost: ((message: string) => void) | undefined

  constructor(settings: ConsoleSettings) {
    this.#settings = settings
  }

  /** True while the gateway owes an answer. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** True between `begin` and `end`. */
  get isInBlock(): boolean {
    return this.#block !== undefined
  }

  isWorthKeeping(line: string): boolean {
    return isWorthKeeping(line)
  }

  /** SEIDs are those of the last LIST. */
  completionsOf(line: string): [string[], string] {
    return completionsOf(line, this.#seids)
  }

  /** The worst of all answers so far. */
  get worst(): ExitCode {
    return this.#worst
  }

  get prompt(): string {
    const seid = this.#seid === undefined ? '' : ` ${this.#seid}`
    return `${this.#settings.destination.name}${seid}${this.isInBlock ? '..' : ''}> `
  }

  /** Connects, so that a console that cannot work does not start, and learns the SEIDs for completion. */
  async open(): Promise<void> {
    const client = await this.#connected()
    if (!this.#settings.isInteractive) return
    try {
      this.#seids = await client.list(this.#deadline())
    } catch (error) {
      // Completion alone needs them; if the session is lost, the first line tells.
      if (!(error instanceof ClientError)) throw error
    }
  }

  /**
   * Does what a line says.
   * @returns false when it was `quit`
   * @throws CliError when the session is lost and nobody is there to make another
   */
  async enter(text: string): Promise<boolean> {
    try {
      return await this.#do(actionOf(text, this.#seid))
    } catch (error) {
      if (this.#givenUp !== undefined) {
        this.#givenUp = undefined
        this.#complain('given up; the next command connects again')
        return true
      }
      const told = error instanceof ClientError ? cliErrorOf(error, this.#settings.destination.name) : error
      if (!(told instanceof CliError)) throw told
      const isLost = told.exitCode === EXIT.failed
      if (isLost && !this.#settings.isInteractive) throw told
      this.#complain(
        isLost ? `${told.message}\nThe next command connects again.` : told.message,
        told.exitCode,
      )
      return true
    }
  }

  /** Gives up what is under way, and the session with it; or else the request in the making. */
  async interrupt(): Promise<void> {
    if (!this.#isBusy) {
      this.#block = undefined
      return
    }
    this.#givenUp = this.#client
    await this.#client?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]()
  }

  async #do(action: Action): Promise<boolean> {
    switch (action.kind) {
      case 'nothing':
        break
      case 'quit':
        return false
      case 'help':
        this.#help(action.topic)
        break
      case 'use':
        this.#seid = action.seid
        break
      case 'misuse':
        this.#complain(action.message)
        break
      case 'begin':
        if (this.isInBlock) this.#complain('begin within begin; end sends what there is')
        else this.#block = { id: action.id, lines: [] }
        break
      case 'line':
        if (this.#block === undefined) await this.#send([action.line])
        else this.#block.lines.push(action.line)
        break
      case 'end':
        await this.#end()
        break
      default:
        return action satisfies never
    }
    return true
  }

  async #end(): Promise<void> {
    const block = this.#block
    if (block === undefined) {
      this.#complain('end without begin')
      return
    }
    this.#block = undefined
    await this.#send(block.lines, block.id)
  }

  async #send(lines: readonly string[], id?: string): Promise<void> {
    const client = await this.#connected()
    this.#isBusy = true
    try {
      const deadline = this.#deadline()
      const request: RacsRequest = { id, lines }
      this.#print(
        await (id === undefined ? client.request(lines, deadline) : client.send(request, deadline)),
        lines,
      )
    } finally {
      this.#isBusy = false
    }
  }

  #print(reply: RacsReply, lines: readonly string[]): void {
    printReply(reply, this.#settings.shared, this.#settings.isInteractive ? 'explained' : 'plain')
    const last = reply.statuses.at(-1)
    if (last === undefined) return
    const line = lines[last.line - 1] ?? ''
    if (last.sign === '-') {
      this.#complain(refusalOf(last, last.line === 0 ? 'BEGIN' : `line ${last.line}`, line), exitCodeOf(last))
    } else if (/^LIST\b/.test(line)) {
      this.#seids = seidsOf(last.text)
    }
  }

  async #connected(): Promise<RacsClient> {
    if (this.#client !== undefined && this.#client.failure === undefined) return this.#client
    const isAgain = this.#client !== undefined
    const client = await connected(this.#settings.destination, this.#settings.shared)
    if (isAgain)
      process.stderr.write('Connected again. What the lost session had leased is free, and reset.\n')
    client.onLost = ({ message }) => {
      if (!this.#isBusy) this.onLost?.(`${message}. The next command connects again.`)
    }
    this.#client = client
    return client
  }

  #help(topic: string | undefined): void {
    const text = consoleHelp(topic)
    if (text === undefined) this.#complain(`no command '${topic ?? ''}'; help alone lists them`)
    else process.stdout.write(text)
  }

  #complain(message: string, exitCode: ExitCode = EXIT.usage): void {
    process.stderr.write(`iose: ${message}\n`)
    if (exitCode > this.#worst) this.#worst = exitCode
  }

  #deadline(): number {
    return systemClock.now() + this.#settings.shared.timeoutMs
  }
}
