// What programs and the page ask for under /api/, as JSON.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ActionDesk, actionIn, decoded } from './actions.ts'
import { wordsOfAtr } from './atr-words.ts'
import { BOARD_PATH, type BoardPicture } from './files.ts'
import type { Gate } from './gate.ts'
import { type RowSource, rowsOf } from './row.ts'
import type { UpdateDesk } from './update/desk.ts'

export interface ApiEnvironment extends RowSource {
  readonly gateway?: GatewayFacts | undefined
  /** The board that the slots are on. */
  readonly board?: BoardPicture | undefined
  readonly updates?: UpdateDesk | undefined
  /** By SEID: how the slot is wired, as pairs of words. */
  readonly wirings?: ReadonlyMap<string, readonly (readonly [name: string, text: string])[]> | undefined
}

/** What the page tells its reader about the gateway as a whole. */
export interface GatewayFacts {
  readonly name: string
  readonly version: string
  /** `address:port` of the service plane and of the administration plane. */
  readonly tlsSe: string
  readonly racs: string
  /** How updates of this appliance went, asked anew each time; undefined where there are none. */
  readonly update?: () => Readonly<Record<string, unknown>> | undefined
  /** What is wrong with the clock of the machine, in words; undefined when it can be right. */
  readonly clock?: () => string | undefined
  /** How much the medium of the state directory has written, in a line; undefined when nobody tells. */
  readonly flash?: () => string | undefined
  /** Why the configuration that its owner gave to this appliance is not the one that it runs with. */
  readonly refusedConfiguration?: () => string | undefined
}

/** Answers a request for one path. */
export type Route = (response: ServerResponse, request: IncomingMessage) => void

export class Api {
  readonly #environment: ApiEnvironment
  readonly #gate: Gate
  readonly #desk: ActionDesk | undefined
  readonly #routes: ReadonlyMap<string, Route>

  constructor(environment: ApiEnvironment, gate: Gate, desk: ActionDesk | undefined) {
    this.#environment = environment
    this.#gate = gate
    this.#desk = desk
    this.#routes = new Map<string, Route>([
      ['/api/slots', (response) => send(response, 200, rowsOf(environment))],
      ['/api/sessions', (response) => send(response, 200, environment.sessions?.rows ?? [])],
      ['/api/gateway', (response, request) => send(response, 200, this.#facts(request))],
    ])
  }

  /** What answers a request for this path; undefined: nothing is there. */
  routeOf(path: string): Route | undefined {
    return this.#routes.get(path) ?? this.#actionRoute(path) ?? this.#slotRoute(path)
  }

  #facts({ headers }: IncomingMessage) {
    const { gateway, board, updates } = this.#environment
    const map = board && { name: board.name, picture: BOARD_PATH }
    const { hasOperator } = this.#gate
    const { update, clock, flash, refusedConfiguration } = gateway ?? {}
    const byPage = updates?.isPossible === true
    const last = update?.()
    const asked = {
      update: last === undefined && !byPage ? undefined : { ...last, by_page: byPage },
      ...{ clock: clock?.(), flash: flash?.(), refusedConfiguration: refusedConfiguration?.() },
    }
    const facts = { ...gateway, ...asked, board: map }
    return { ...facts, actions: hasOperator, may_act: hasOperator && this.#gate.mayAct(headers) }
  }

  #slotRoute(path: string): Route | undefined {
    const seid = /^\/api\/slots\/([^/]{1,189})$/.exec(path)?.[1]
    const slot = seid === undefined ? undefined : this.#numberOf(decoded(seid))
    if (slot === undefined) return undefined
    return (response) => {
      const [row] = rowsOf(this.#environment, (number) => number === slot)
      const wiring = this.#environment.wirings?.get(row?.seid ?? '') ?? []
      send(response, 200, { ...row, atr_words: wordsOfAtr(row?.atr ?? ''), wiring })
    }
  }

  #actionRoute(path: string): Route | undefined {
    const action = actionIn(path)
    const desk = this.#desk
    if (action === undefined || desk === undefined || this.#numberOf(action.seid) === undefined)
      return undefined
    return (response, { socket }) => {
      const peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`
      const done = desk.run(action.name, action.seid, peer)
      done.then(
        ({ status, body }) => send(response, status, body),
        () => response.destroy(),
      )
    }
  }

  #numberOf(seid: string): number | undefined {
    return this.#environment.report().find((one) => one.seid === seid)?.slot
  }
}

export function send(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  })
  response.end(`${JSON.stringify(value)}\n`)
}
