// What an operator does to a slot over the status plane: reset it, set it aside, release it.

import type { Clock } from '../base/clock.ts'
import { codeOf, messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { type PlaneObserver, UNOBSERVED } from '../base/plane-events.ts'

/** What is done to the slot with this SEID; each resolves to what came of it, in words, and throws as the slot does. */
export interface Actions {
  reset(seid: string, by: string): Promise<string>
  quarantine(seid: string, by: string): Promise<string>
  release(seid: string, by: string): Promise<string>
}

export type ActionName = keyof Actions

export interface ActionEnvironment {
  readonly clock: Clock
  readonly log: Log
  readonly actions: Actions
  readonly observer?: PlaneObserver | undefined
}

/** What is told about an action: status of HTTP, and words. */
export interface ActionAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, string>>
}

/** The SEID and the action in a path, if it is that of one. */
export function actionIn(path: string): { seid: string; name: ActionName } | undefined {
  const [, seid, name] = /^\/api\/slots\/([^/]{1,189})\/(reset|quarantine|release)$/.exec(path) ?? []
  if (seid === undefined || name === undefined) return undefined
  return { seid: decoded(seid), name: name as ActionName }
}

/** What percent-encoded text stands for; nothing of the kind stands for itself. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export class ActionDesk {
  readonly #environment: ActionEnvironment
  /** Instants of the last ones. */
  #done: readonly number[] = []

  constructor(environment: ActionEnvironment) {
    this.#environment = environment
  }

  /** Does it, unless too much was done in the last minute; never rejects. */
  async run(name: ActionName, seid: string, peer: string): Promise<ActionAnswer> {
    const now = this.#environment.clock.now()
    this.#done = this.#done.filter((at) => now - at < WINDOW_MS)
    if (this.#done.length >= MAX_ACTIONS) {
      return { status: 429, body: { error: `no more than ${MAX_ACTIONS} actions a minute` } }
    }
    this.#done = [...this.#done, now]
    try {
      return { status: 200, body: { outcome: await this.#act(name, seid, peer) } }
    } catch (error) {
      const status = statusOf(codeOf(error))
      // What our own bugs say is not for the client, but for the log.
      const said = status === 500 ? 'system error, the log of the gateway has more' : messageOf(error)
      return { status, body: { error: said, code: codeOf(error) } }
    }
  }

  /** It is kept before it is answered, and not done when it could not be kept. */
  async #act(name: ActionName, seid: string, peer: string): Promise<string> {
    const { log, actions, observer = UNOBSERVED } = this.#environment
    const line = { peer, user: STATUS_OPERATOR, command: name.toUpperCase(), seid, header: undefined }
    const story = { seid, user: STATUS_OPERATOR, peer, action: name }
    try {
      observer.check()
      await observer.tell({ kind: 'command.started', ...line })
      const outcome = await actions[name](seid, STATUS_OPERATOR)
      log.info('slot.ordered', { ...story, outcome })
      return outcome
    } catch (error) {
      const end = { code: codeOf(error), cause: messageOf(error) }
      log[statusOf(end.code) === 500 ? 'error' : 'info']('slot.ordered', { ...story, ...end })
      observer.tell({ kind: 'command.failed', ...line, ...end }).catch(() => undefined)
      throw error
    }
  }
}

/** Somebody else has it, or there is nothing in it; a bug of ours; or the element did not do it. */
function statusOf(code: string): number {
  if (code.startsWith('lease.') || code === 'element.absent') return 409
  return code === 'internal.unreachable' ? 500 : 502
}

/** Who does it, for those who keep that. */
export const STATUS_OPERATOR = 'status operator'
export const MAX_ACTIONS = 10
const WINDOW_MS = 60_000
