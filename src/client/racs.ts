// The users' side of RACS: requests and answers over one TLS session. What the session leased ends with it.

import type { TLSSocket } from 'node:tls'
import type { Clock, Timer } from '../base/clock.ts'
import { bytesOfHex } from '../base/hex.ts'
import type { StatusLine } from '../racs/grammar.ts'
import { type ConnectOptions, openTls, type RacsTarget } from './connect.ts'
import { ClientError } from './errors.ts'
import { seidsOf } from './list.ts'
import { messageText } from './printable.ts'
import { type ApduOptions, apduLine, commandLine, type RacsRequest, requestText } from './request.ts'
import { checkReply, type RacsReply, ResponseReader } from './response.ts'
import { type Sen, senOf } from './sen.ts'
import { transportFailure, UNHEARD } from './tls-failure.ts'
import { type Tries, triesOf } from './tries.ts'

export type { RacsTarget } from './connect.ts'
export type { ApduOptions, RacsRequest } from './request.ts'
export type { RacsReply } from './response.ts'
export type { Sen } from './sen.ts'
export type { Tries } from './tries.ts'

/** One session. A fault of transport, protocol or time ends it: nothing after that could be trusted to be in step. */
export class RacsClient implements AsyncDisposable {
  /** Called once, when the session ends otherwise than by disposal. */
  onLost: ((error: ClientError) => void) | undefined
  readonly #socket: TLSSocket
  readonly #clock: Clock
  readonly #reader = new ResponseReader()
  /** Requests without an answer yet, oldest first. */
  readonly #pending: Pending[] = []
  #failure: ClientError | undefined
  #requests = 0
  #hasHeard = false

  private constructor(socket: TLSSocket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', (error) => this.#fail(transportFailure(error, this.#hasHeard ? '' : UNHEARD)))
    socket.on('end', () => this.#onEnd())
    socket.on('close', () => this.#onEnd())
  }

  /** @throws as `openTls` */
  static async connect(target: RacsTarget, options: ConnectOptions): Promise<RacsClient> {
    return new RacsClient(await openTls(target, options), options.clock)
  }

  /** Why there is no session any more, or undefined. */
  get failure(): ClientError | undefined {
    return this.#failure
  }

  /**
   * Sends `lines` between BEGIN and END in one write and waits for the whole answer, be it a refusal. Several may be
   * under way; answers come in order.
   * @throws ClientError client.request before anything is sent; client.transport; client.protocol; client.timeout
   */
  request(lines: readonly string[], deadline: number): Promise<RacsReply> {
    this.#requests++
    return this.send({ id: `r${this.#requests}`, lines }, deadline)
  }

  /** As `request`, with a name of one's own on BEGIN, or none. */
  async send(request: RacsRequest, deadline: number): Promise<RacsReply> {
    const text = requestText(request)
    if (this.#failure !== undefined) throw this.#failure
    const reply = new Promise<RacsReply>((resolve, reject) => {
      const timer = this.#clock.at(deadline, () => {
        this.#fail(new ClientError('client.timeout', 'the gateway did not answer in time'))
      })
      this.#pending.push({ request, timer, resolve, reject })
    })
    this.#socket.write(text, 'latin1')
    return reply
  }

  /** The version of RACS that the gateway speaks. @throws as `request`, and client.refused; so do those that follow */
  async version(deadline: number): Promise<string> {
    return (await this.#command('GET-VERSION', deadline)).text
  }

  /** The SEIDs that this user may see. */
  async list(deadline: number): Promise<string[]> {
    return seidsOf((await this.#command('LIST', deadline)).text)
  }

  /** Powers the element on and leases it until the session ends or `shutdown`. */
  poweron(seid: string, deadline: number): Promise<StatusLine> {
    return this.#command(commandLine('POWERON', seid), deadline)
  }

  shutdown(seid: string, deadline: number): Promise<StatusLine> {
    return this.#command(commandLine('SHUTDOWN', seid), deadline)
  }

  /** Sets the element aside, for nobody to use, or ends that; for operators of this gateway. */
  quarantine(seid: string, order: 'ON' | 'OFF', deadline: number): Promise<StatusLine> {
    return this.#command(commandLine('QUARANTINE', seid, order), deadline)
  }

  /** The wrong keys and PINs of the element that this gateway has counted; CLEAR forgets them, for operators. */
  async tries(seid: string, order: 'CLEAR' | undefined, deadline: number): Promise<Tries> {
    const line = commandLine('TRIES', seid, ...(order === undefined ? [] : [order]))
    return triesOf((await this.#command(line, deadline)).text)
  }

  reset(seid: string, kind: 'cold' | 'warm', deadline: number): Promise<StatusLine> {
    return this.#command(commandLine('RESET', seid, ...(kind === 'warm' ? ['WARM'] : [])), deadline)
  }

  /**
   * One APDU.
   * @returns data and SW, at least two bytes, a fresh array
   */
  async apdu(
    seid: string,
    command: Uint8Array,
    options: ApduOptions & { readonly deadline: number },
  ): Promise<Uint8Array> {
    const { text } = await this.#command(apduLine(seid, command, options), options.deadline)
    const answer = bytesOfHex(text.trim())
    if (answer === undefined || answer.length < 2) {
      throw this.#fail(new ClientError('client.protocol', 'the answer to APDU is not data and a status word'))
    }
    return answer
  }

  /**
   * Several APDUs in one request, each only when the one before was answered by 9000 in the end.
   * @returns data and SW of those that were sent, so that only the last may have another SW; it is then without data
   * @throws as `request`; client.refused when one was refused otherwise than by a status word
   */
  async apdus(seid: string, commands: readonly Uint8Array[], deadline: number): Promise<Uint8Array[]> {
    const options = { continueSw: '9000', more: '61' }
    const lines = commands.map((command) => `${apduLine(seid, command, options)} APPEND`)
    const reply = await this.request(lines, deadline)
    return reply.statuses.map((status) => {
      const isOther = status.sign === '-' && WRONG_STATUS.exec(status.text)
      if (status.sign === '-' && !isOther) successOf(reply, lines)
      const answer = bytesOfHex(isOther ? (isOther[1] ?? '') : status.text.trim())
      if (answer !== undefined && answer.length >= 2) return answer
      throw this.#fail(new ClientError('client.protocol', 'the answer to APDU is not data and a status word'))
    })
  }

  /** Names the element; without `name` it takes again that of its ATR. */
  sen(
    seid: string,
    { name, aid }: { name?: string | undefined; aid?: string | undefined },
    deadline: number,
  ): Promise<StatusLine> {
    if (name === undefined) return this.#command(commandLine('SEN', seid), deadline)
    return this.#command(commandLine('SEN', seid, name, ...(aid === undefined ? [] : [aid])), deadline)
  }

  async getSen(seid: string, deadline: number): Promise<Sen> {
    return senOf((await this.#command(commandLine('GET-SEN', seid), deadline)).text)
  }

  /** Ends the session, with it every lease, and waits a moment for the gateway to close its side. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.onLost = undefined
    this.#fail(new ClientError('client.transport', 'the session was ended here'), 'gently')
    if (this.#socket.closed) return
    await new Promise<void>((resolve) => {
      const timer = this.#clock.at(this.#clock.now() + LINGER_MS, () => this.#socket.destroy())
      this.#socket.once('close', () => {
        timer.cancel()
        resolve()
      })
      this.#socket.end()
    })
  }

  async #command(line: string, deadline: number): Promise<StatusLine> {
    return successOf(await this.request([line], deadline), [line])
  }

  #onData(chunk: Buffer): void {
    if (this.#failure !== undefined) return
    this.#hasHeard = true
    try {
      for (const reply of this.#reader.read(chunk)) this.#onReply(reply)
      if (this.#pending.length === 0 && this.#reader.isMidAnswer) throw unasked()
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      this.#fail(error)
    }
  }

  #onReply(reply: RacsReply): void {
    const [oldest] = this.#pending
    if (oldest === undefined) throw unasked()
    checkReply(oldest.request, reply)
    this.#pending.shift()
    oldest.timer.cancel()
    oldest.resolve(reply)
  }

  #onEnd(): void {
    const when = this.#reader.isMidAnswer ? ' in the middle of an answer' : this.#hasHeard ? '' : UNHEARD
    this.#fail(new ClientError('client.transport', `the gateway closed the connection${when}`))
  }

  /** Ends the session for `error`; only the first call counts. Returns `error`, for throwing it. */
  #fail(error: ClientError, how: 'at-once' | 'gently' = 'at-once'): ClientError {
    if (this.#failure !== undefined) return error
    this.#failure = error
    for (const { timer, reject } of this.#pending.splice(0)) {
      timer.cancel()
      reject(error)
    }
    if (how === 'at-once') this.#socket.destroy()
    this.onLost?.(error)
    return error
  }
}

/**
 * The last status of `reply`, which is the answer as such.
 * @param lines  what was sent; the message takes from it only names of commands and elements
 * @throws ClientError client.refused when it is a `-`
 */
export function successOf(reply: RacsReply, lines: readonly string[]): StatusLine {
  const last = reply.statuses.at(-1)
  if (last === undefined) throw new ClientError('client.protocol', 'an answer without a status')
  if (last.sign === '+') return last
  const [command = 'BEGIN', seid] = (lines[last.line - 1] ?? '').split(' ').filter((token) => token !== '')
  const said = messageText(last.text, seid)
  throw new ClientError('client.refused', `${messageText(command)} refused: -${last.code} ${said}`, {
    status: last,
  })
}

function unasked(): ClientError {
  return new ClientError('client.protocol', 'the gateway sends what nobody asked for')
}

interface Pending {
  readonly request: RacsRequest
  readonly timer: Timer
  readonly resolve: (reply: RacsReply) => void
  readonly reject: (error: ClientError) => void
}

/** What the draft's dialect of our gateway says when CONTINUE wants another status word. */
const WRONG_STATUS = /^wrong status word ([0-9A-Fa-f]{4})$/
/** How long the gateway may take to close its side after ours. */
const LINGER_MS = 1_000
