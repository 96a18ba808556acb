// A status plane in this process, over slots made by hand.

import { request } from 'node:http'
import { systemClock } from '../../src/base/clock.ts'
import { Events } from '../../src/base/events.ts'
import type { PlaneEvent } from '../../src/base/plane-events.ts'
import type { SlotEvent, SlotReport } from '../../src/slots/events.ts'
import type { Seid, Sen, SlotId } from '../../src/slots/identity.ts'
import { Health } from '../../src/status/health.ts'
import { Metrics } from '../../src/status/metrics/metrics.ts'
import type { WireReport } from '../../src/status/metrics/wire-families.ts'
import { type StatusEnvironment, StatusServer } from '../../src/status/server.ts'
import { Sessions } from '../../src/status/sessions.ts'
import { RecordedLog } from './recorded-log.ts'

export const TOKEN = 'a-token-of-some-length'
export const OPERATOR_TOKEN = 'another-token-of-some-length'
/** 2026-01-31T12:00:00.000Z */
export const WALL_MS = Date.UTC(2026, 0, 31, 12)

export class StatusBench implements AsyncDisposable {
  readonly events = new Events<SlotEvent>()
  readonly log = new RecordedLog()
  readonly reports: SlotReport[]
  readonly planes = [
    { name: 'tls_se', isAccepting: true },
    { name: 'racs', isAccepting: true },
  ]
  readonly health = new Health({
    slots: () => this.reports,
    planes: () => this.planes,
    uptimeMs: () => 61_999,
    problems: () => this.problems,
    extra: () => ({ audit_head: 'a1b2' }),
  })
  problems: string[] = []
  wires: WireReport[] = []
  readonly metrics = new Metrics({
    ...{ version: '1.2.3', stateDir: import.meta.dirname },
    expiries: () => [{ file: 'crl', atMs: WALL_MS }],
    report: () => this.reports,
    wires: () => this.wires,
    connections: () => ({ tls_se: 2, racs: 1 }),
  })
  readonly sessions = new Sessions(() => WALL_MS)
  /** What the plane has told its observer. */
  readonly told: PlaneEvent[] = []
  server!: StatusServer

  private constructor(reports: SlotReport[]) {
    this.reports = reports
  }

  static async start(
    reports: SlotReport[] = [reportOf(1)],
    host = '127.0.0.1',
    changes: Partial<StatusEnvironment> = {},
  ): Promise<StatusBench> {
    const bench = new StatusBench(reports)
    const { events, health, log, metrics, sessions, told } = bench
    const observer = {
      tell: (event: PlaneEvent) => Promise.resolve(void told.push(event)),
      check: () => undefined,
    }
    events.subscribe((event) => metrics.onSlot(event))
    bench.server = await StatusServer.listen(
      { host, port: 0 },
      {
        ...{ clock: systemClock, log, events, report: () => bench.reports, wallNow: () => WALL_MS },
        ...{ token: TOKEN, health, metrics, sessions, observer, ...changes },
      },
    )
    return bench
  }

  get port(): number {
    return Number(this.server.address.split(':').at(-1))
  }

  /** One request. */
  get(path: string, options: GetOptions = {}): Promise<Answer> {
    const { method = 'GET', token = TOKEN, headers = {}, body } = options
    const authorization = token === '' ? {} : { authorization: `Bearer ${token}` }
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          port: this.port,
          host: '127.0.0.1',
          path,
          method,
          agent: false,
          headers: { ...authorization, ...headers },
        },
        (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => (text += chunk.toString()))
          response.on('error', reject)
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
          })
        },
      )
      asked.on('error', reject)
      asked.end(body)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
  }
}

interface GetOptions {
  method?: string
  token?: string
  headers?: Record<string, string>
  body?: string
}

interface Answer {
  status: number
  headers: Record<string, unknown>
  text: string
}

/** A free element that has been there for a minute. */
export function reportOf(slot: number, changes: Partial<SlotReport> = {}): SlotReport {
  return {
    slot: slot as SlotId,
    seid: `sim${slot}` as Seid,
    driver: 'simulator',
    aliases: [],
    sen: `key${slot}.com` as Sen,
    aid: undefined,
    atr: '3B086B6579312E636F6D',
    state: 'ready',
    cause: 'free',
    stateMs: 60_000,
    holder: undefined,
    heldMs: undefined,
    waiters: [],
    ...{ doing: undefined, last: undefined },
    counters: { sessions: 3, apdus: 40, errors: 1, resets: 5, mutes: 0, quarantines: 0 },
    ...changes,
  }
}
