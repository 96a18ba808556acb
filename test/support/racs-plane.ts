// The administration plane in this process, over real TLS on loopback, with whatever elements a test wants.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { FailureStore } from '../../src/access/failures.ts'
import { AccessPolicy, type UserRules } from '../../src/access/user.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { PlaneObserver } from '../../src/base/plane-events.ts'
import type { SecureElement } from '../../src/drivers/driver.ts'
import { DIALECTS, type DialectName } from '../../src/racs/dialect.ts'
import { type RacsCredentials, RacsServer } from '../../src/racs/server.ts'
import type { BindingStore } from '../../src/slots/binding.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import { sharedCa, type TestCa } from './certificates.ts'
import { guardOf } from './guard.ts'
import { RecordedLog } from './recorded-log.ts'
import { slotEnvironment } from './slot-environment.ts'

export interface PlaneSetup {
  readonly dialect?: DialectName
  readonly users: readonly UserRules[]
  readonly elements: readonly { element: SecureElement; seid: string; aliases?: readonly string[] }[]
  readonly bindings?: BindingStore
  readonly failures?: FailureStore
  readonly ca?: TestCa
  readonly legacyRsa?: boolean
  readonly maxConnections?: number
  readonly idleTimeoutMs?: number
  readonly apduTimeoutMs?: number
  readonly observer?: PlaneObserver
}

export class RacsPlane implements AsyncDisposable {
  readonly inventory: Inventory
  readonly log: RecordedLog
  readonly server: RacsServer
  policy: AccessPolicy

  private constructor(inventory: Inventory, log: RecordedLog, server: RacsServer, policy: AccessPolicy) {
    this.inventory = inventory
    this.log = log
    this.server = server
    this.policy = policy
  }

  static async start(setup: PlaneSetup): Promise<RacsPlane> {
    const { users, elements, dialect = 'draft', idleTimeoutMs = 60_000, apduTimeoutMs = 5_000 } = setup
    const log = new RecordedLog()
    const clock = systemClock
    const inventory = new Inventory(slotEnvironment({ clock, log, queueLength: 8 }), setup.bindings)
    for (const { element, seid, aliases = [] } of elements) {
      await inventory.arrive({ element, seid, aliases, maxRecordBytes: 512 }, 'simulator')
    }
    const ca = setup.ca ?? sharedCa()
    const server = await RacsServer.listen(
      {
        host: '127.0.0.1',
        port: 0,
        handshakeTimeoutMs: 2_000,
        legacyRsa: setup.legacyRsa ?? false,
        maxConnections: setup.maxConnections ?? 100,
        maxConnectionsPerAddress: 100,
      },
      credentialsOf(ca),
      {
        clock,
        log,
        inventory,
        guard: guardOf(setup.failures, log),
        dialect: DIALECTS[dialect],
        limits: { idleTimeoutMs, apduTimeoutMs },
        ...(setup.observer === undefined ? {} : { observer: setup.observer }),
        userOf: (identity) => made.policy.userOf(identity),
      },
    )
    const made = new RacsPlane(inventory, log, server, new AccessPolicy(users))
    return made
  }

  get port(): number {
    return Number(this.server.address.split(':').at(-1))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
  }
}

/** What a server of `ca` is given. */
export function credentialsOf(ca: TestCa): RacsCredentials {
  const [root, cert, key, crl] = ['ca.pem', 'server.pem', 'server.key', 'crl.pem'].map((file) =>
    ca.read(file),
  )
  return { ca: root!, cert: cert!, key: key!, crl }
}

/** What a client of `ca` connects with. */
export function certificateOf(name: string, ca: TestCa = sharedCa()): ConnectionOptions {
  return { ca: ca.read('ca.pem'), cert: ca.read(`${name}.pem`), key: ca.read(`${name}.key`) }
}

/** A client of the administration plane that sends what it is told, byte by byte if need be. */
export class RacsPeer implements AsyncDisposable {
  readonly socket: TLSSocket
  readonly #raw: Socket
  #received = ''
  #isClosed = false
  #changed: (() => void) | undefined

  private constructor(socket: TLSSocket, raw: Socket) {
    this.socket = socket
    this.#raw = raw
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1')
      this.#changed?.()
    })
    const onClosed = (): void => {
      this.#isClosed = true
      this.#changed?.()
    }
    socket.on('end', onClosed)
    socket.on('close', onClosed)
    socket.on('error', onClosed)
  }

  static async open(port: number, cn: string, options: ConnectionOptions = {}): Promise<RacsPeer> {
    const raw = connectTcp({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    const socket = connectTls({ socket: raw, servername: 'localhost', ...certificateOf(cn), ...options })
    await once(socket, 'secureConnect')
    return new RacsPeer(socket, raw)
  }

  /** Ends the connection at once and without a word. */
  reset(): void {
    this.#raw.resetAndDestroy()
  }

  /** `address:port` of this end: how the log calls it. */
  get name(): string {
    return `${this.socket.localAddress ?? ''}:${this.socket.localPort ?? 0}`
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Each chunk becomes a TLS record of its own. */
  async send(...chunks: (string | Uint8Array)[]): Promise<void> {
    for (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk
      await new Promise<void>((resolve) => this.socket.write(bytes, () => resolve()))
    }
  }

  /** What has come, once it is at least `length` characters, or the connection has ended. */
  async take(length: number): Promise<string> {
    const expiresAt = performance.now() + PATIENCE_MS
    while (this.#received.length < length && !this.#isClosed) {
      if (performance.now() > expiresAt) break
      await Promise.race([
        new Promise<void>((resolve) => (this.#changed = resolve)),
        delay(PATIENCE_MS, undefined, { ref: false }),
      ])
    }
    const taken = this.#received
    this.#received = ''
    return taken
  }

  /** One request and its response. */
  async ask(...lines: string[]): Promise<string[]> {
    await this.send(`BEGIN\r\n${lines.join('\r\n')}\r\nEND\r\n`)
    return (await this.response()).split('\r\n').slice(1, -2)
  }

  /** The text up to the next END. */
  async response(): Promise<string> {
    const expiresAt = performance.now() + PATIENCE_MS
    for (;;) {
      const end = /(^|\r\n)END\r\n/.exec(this.#received)
      if (end !== null) {
        const text = this.#received.slice(0, end.index + end[0].length)
        this.#received = this.#received.slice(text.length)
        return text
      }
      assert.ok(!this.#isClosed && performance.now() < expiresAt, `no response: ${this.#received}`)
      await Promise.race([
        new Promise<void>((resolve) => (this.#changed = resolve)),
        delay(PATIENCE_MS, undefined, { ref: false }),
      ])
    }
  }

  /** Waits until the other side has closed. */
  async closed(): Promise<void> {
    const expiresAt = performance.now() + PATIENCE_MS
    while (!this.#isClosed) {
      assert.ok(performance.now() < expiresAt, 'the connection stays open')
      await Promise.race([new Promise<void>((resolve) => (this.#changed = resolve)), delay(20)])
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.destroyed) return
    this.socket.end()
    if (!this.socket.closed) await Promise.race([once(this.socket, 'close'), delay(1_000)])
    this.socket.destroy()
  }
}

const PATIENCE_MS = 5_000
