// What an operator does to the machine over the status plane: update it, and restart it into the update.

import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import { Events } from '../../base/events.ts'
import type { Log } from '../../base/log.ts'
import { type PlaneObserver, UNOBSERVED } from '../../base/plane-events.ts'
import { PeerError } from '../../net/errors.ts'
import { errorOf, type LastReply, MAX_UPDATE_BYTES, type Reply } from '../../update/orders.ts'
import { type ActionAnswer, STATUS_OPERATOR } from '../actions.ts'
import type { Refusal } from '../gate.ts'
import { failureOf } from './failure.ts'
import { newRow, rowAfter, type UpdateRow } from './row.ts'
import { type Body, carry, give, type UploadLimits } from './upload.ts'

export interface UpdateDeskOptions {
  readonly clock: Clock
  readonly log: Log
  readonly wallNow: () => number
  /** Of the socket behind which root installs. */
  readonly path: string
  readonly limits?: UploadLimits | undefined
  readonly observer?: PlaneObserver | undefined
}

export class UpdateDesk {
  /** Each step of an update. */
  readonly changed = new Events<UpdateRow>()
  readonly #options: UpdateDeskOptions
  readonly #observer: PlaneObserver
  readonly #limits: UploadLimits
  #row: UpdateRow | undefined
  /** What is under way, of whom, since when. */
  #business: string | undefined
  #stop: (error: Error) => void = () => undefined
  readonly #stopped: Promise<never>

  constructor(options: UpdateDeskOptions) {
    this.#options = options
    this.#observer = options.observer ?? UNOBSERVED
    this.#limits = options.limits ?? UPLOAD_LIMITS
    this.#stopped = new Promise((_, reject) => {
      this.#stop = reject
    })
    // Mostly there is nothing to stop.
    this.#stopped.catch(() => undefined)
  }

  /** This machine is an appliance whose socket is there. */
  get isPossible(): boolean {
    return existsSync(this.#options.path)
  }

  /** The update that is under way, or the last one; undefined when there was none since the start of the gateway. */
  get row(): UpdateRow | undefined {
    return this.#row
  }

  /** Why nothing can be done; undefined: it can. */
  get refusal(): Refusal | undefined {
    if (!this.isPossible)
      return [501, 'this machine takes no updates here: it is no appliance with two slots']
    return this.#business === undefined ? undefined : [409, `not now: ${this.#business}`]
  }

  /** Why the body of this request is not taken; undefined: it is. */
  refusalOf({ headers }: IncomingMessage): Refusal | undefined {
    const { 'content-length': length, 'content-type': type } = headers
    const bytes = Number(length)
    if (length === undefined) return [411, 'Content-Length must say how long the update is']
    if (!(bytes <= MAX_UPDATE_BYTES)) return [413, `an update has ${MAX_UPDATE_BYTES} bytes at most`]
    if (bytes === 0) return [400, 'there is no update in the request']
    if (type !== 'application/octet-stream') return [415, 'Content-Type must be application/octet-stream']
    return this.refusal
  }

  /** Takes an update that was not refused; never rejects. */
  async take(body: Body, bytes: number, peer: string): Promise<ActionAnswer> {
    const { log } = this.#options
    const who = { peer, user: STATUS_OPERATOR }
    const since = this.#begin('an update', peer)
    this.#show(newRow(peer, since, bytes))
    try {
      this.#observer.check()
      await this.#observer.tell({ kind: 'update.started', ...who, bytes })
      log.info('update.started', { ...who, bytes })
      const { version, slot } = doneOf(await this.#carry(body, bytes, peer))
      const cause = `version ${version} is in slot ${slot} and waits for its first start`
      const end = { version, code: 'installed', cause }
      // It has happened: that its end cannot be kept makes no failure of it, and is in the log of whoever keeps it.
      await this.#observer.tell({ kind: 'update.ended', ...who, ...end }).catch(() => undefined)
      log.info('update.ended', { ...who, version, slot, code: 'installed' })
      return { status: 200, body: { outcome: cause, version, slot } }
    } catch (error) {
      const { answer, ...end } = failureOf(error)
      const version = this.#row?.version ?? undefined
      log[answer.status === 500 ? 'error' : 'info']('update.ended', { ...who, version, ...end })
      this.#observer.tell({ kind: 'update.ended', ...who, version, ...end }).catch(() => undefined)
      this.#change({ state: 'failed', code: end.code, error: answer.body['error'] ?? '' })
      return answer
    } finally {
      this.#business = undefined
    }
  }

  /** Restarts the machine into an update that waits for its first start; never rejects. */
  async restart(peer: string): Promise<ActionAnswer> {
    const { path, log } = this.#options
    if (this.refusal !== undefined) return { status: this.refusal[0], body: { error: this.refusal[1] } }
    const who = { peer, user: STATUS_OPERATOR }
    this.#begin('a restart', peer)
    try {
      this.#observer.check()
      await this.#observer.tell({ kind: 'restart.ordered', ...who })
      const bounds = { clock: this.#options.clock, limits: this.#limits, stopped: this.#stopped }
      const { version, slot } = doneOf(await give(path, { order: 'restart', by: peer }, bounds))
      log.info('restart.ordered', { ...who, version, slot })
      return {
        status: 202,
        body: { outcome: `the machine restarts into version ${version}, slot ${slot}`, version, slot },
      }
    } catch (error) {
      const { answer, ...end } = failureOf(error)
      log[answer.status === 500 ? 'error' : 'info']('restart.failed', { ...who, ...end })
      this.#observer.tell({ kind: 'restart.failed', ...who, ...end }).catch(() => undefined)
      return answer
    } finally {
      this.#business = undefined
    }
  }

  /** Nobody is waited for any more. What has come whole root installs, what has not is cut. */
  close(): void {
    this.#stop(new PeerError('peer.gone', 'the gateway stops; what has come whole is installed all the same'))
  }

  #carry(body: Body, bytes: number, peer: string): Promise<LastReply> {
    const { path, clock } = this.#options
    return carry(body, {
      ...{ path, clock, limits: this.#limits, stopped: this.#stopped },
      order: { order: 'install', bytes, by: peer },
      onSent: (sent) => this.#change({ received_bytes: sent }),
      onReply: (reply: Reply) => {
        if (this.#row !== undefined) this.#show(rowAfter(this.#row, reply))
      },
    })
  }

  #begin(what: string, peer: string): string {
    const since = new Date(this.#options.wallNow()).toISOString()
    this.#business = `${what} is under way, of ${peer} since ${since}`
    return since
  }

  #change(changes: Partial<UpdateRow>): void {
    if (this.#row !== undefined) this.#show({ ...this.#row, ...changes })
  }

  #show(row: UpdateRow): void {
    this.#row = row
    this.changed.publish(row)
  }
}

/** @throws UpdateError what root has refused */
function doneOf(reply: LastReply): Extract<LastReply, { reply: 'done' }> {
  if (reply.reply === 'refused') throw errorOf(reply)
  return reply
}

export const UPLOAD_LIMITS: UploadLimits = {
  // Radio links stand still for seconds, not for that long.
  silenceMs: 30_000,
  // Worn cards take 8 MiB in tens of seconds; the first start of a Node.js on the smallest board takes some, too.
  stuckMs: 120_000,
  // 512 MiB at 75 kB/s. Longer than that somebody only keeps others out.
  wholeMs: 2 * 3_600_000,
}
