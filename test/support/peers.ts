// Clients of the TLS-SE plane: real programs, Node's own TLS, bare sockets, and our own TLS on a bare socket.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { DEFAULT_PSK, type HelloChanges, recordsOf, TlsClient, type TlsClientOptions } from './tls-client.ts'

/** Why a test that needs `command` cannot run here, or false. */
export function isMissing(command: string, flag: string): string | false {
  const reason = `MISSING: ${command} is not installed, this test needs it`
  return spawnSync(command, [flag]).error === undefined ? false : reason
}

/** A well-formed ClientHello for `sni`, as one record. */
export function helloFor(sni: string, changes: HelloChanges = {}): Buffer {
  return new TlsClient({ sni }).clientHello(changes)
}

/** How a connection ended: what had come until then, and whether by FIN or by reset. */
export interface End {
  readonly bytes: Buffer
  readonly by: 'fin' | 'reset'
}

/** A TCP connection and all that comes over it. */
export class RawPeer implements Disposable {
  readonly socket: Socket
  /** `address:port` of our end: how the gateway's log calls us. */
  readonly name: string
  #received: Buffer = Buffer.alloc(0)
  #end: End['by'] | undefined
  #changed: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    this.name = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#changed?.()
    })
    socket.on('end', () => this.#onEnd('fin'))
    socket.on('error', () => this.#onEnd('reset'))
  }

  /** Connects to 127.0.0.1. */
  static async connect(port: number, options: Partial<NetConnectOpts> = {}): Promise<RawPeer> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true, ...options })
    await once(socket, 'connect')
    return new RawPeer(socket)
  }

  send(bytes: Uint8Array | string): this {
    this.socket.write(bytes)
    return this
  }

  /** Sends `bytes` and waits until they are under way, so that what follows is a segment of its own. */
  flush(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => setImmediate(resolve)))
  }

  /** Closes our side; `reset` at once and without a word. */
  close(how: 'fin' | 'reset' = 'fin'): void {
    if (how === 'fin') this.socket.end()
    else this.socket.resetAndDestroy()
  }

  /** The next `length` bytes, taken out of what has come. */
  async take(length: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= length, `${length} bytes`)
    const taken = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return taken
  }

  /** The next `count` records. */
  async records(count: number): Promise<Buffer[]> {
    const whole = () => recordsOf(this.#received).filter((one) => one.length === 5 + one.readUInt16BE(3))
    await this.#until(() => whole().length >= count, `${count} records`)
    const records = whole().slice(0, count)
    this.#received = this.#received.subarray(Buffer.concat(records).length)
    return records
  }

  /** Waits for the other side to close, then closes ours. */
  async ended(): Promise<End> {
    await this.#until(() => this.#end !== undefined, 'the end')
    this.socket.end()
    return { bytes: this.#received, by: this.#end ?? 'reset' }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #onEnd(by: End['by']): void {
    this.#end ??= by
    this.#changed?.()
  }

  async #until(isThere: () => boolean, what: string): Promise<void> {
    const expiresAt = performance.now() + PATIENCE_MS
    while (!isThere()) {
      const isLost = this.#end !== undefined || performance.now() >= expiresAt
      if (isLost) throw new Error(`waited for ${what}, got ${this.#received.toString('hex')}, ${this.#end}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS)
        this.#changed = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}

/** Our own TLS client on a bare socket: every byte is under the test's control. */
export class TlsPeer implements Disposable {
  readonly raw: RawPeer
  readonly tls: TlsClient

  constructor(raw: RawPeer, options: TlsClientOptions) {
    this.raw = raw
    this.tls = new TlsClient(options)
  }

  /** Connects and ends the handshake; the answer to `?00` shows that the element has opened its channel. */
  static async open(port: number, options: TlsClientOptions): Promise<TlsPeer> {
    const peer = await TlsPeer.greet(port, options)
    await peer.finish()
    return peer
  }

  /** Connects and sends a ClientHello. */
  static async greet(port: number, options: TlsClientOptions): Promise<TlsPeer> {
    const peer = new TlsPeer(await RawPeer.connect(port), options)
    peer.raw.send(peer.tls.clientHello())
    return peer
  }

  /** From the server's flight to the open channel. */
  async finish(): Promise<void> {
    this.tls.readServerFlight(Buffer.concat(await this.raw.records(3)))
    this.raw.send(this.tls.clientFinished())
    assert.ok((await this.say('?00\r\n')).length > 0)
  }

  async say(text: string): Promise<string> {
    this.raw.send(this.tls.seal(text))
    const [answer] = await this.raw.records(1)
    return this.tls.open(answer!)
  }

  [Symbol.dispose](): void {
    this.raw[Symbol.dispose]()
  }
}

/** A session of Node's own TLS client. */
export class NodePeer implements AsyncDisposable {
  readonly socket: TLSSocket

  private constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('error', () => undefined)
  }

  /** @throws Error what the TLS library makes of a refusal */
  static async open(
    port: number,
    sen: string,
    psk: Uint8Array = DEFAULT_PSK,
    localAddress = '127.0.0.1',
  ): Promise<NodePeer> {
    const socket = connectTls({
      ...{ host: '127.0.0.1', port, localAddress, servername: sen, minVersion: 'TLSv1.3' },
      ...{ ciphers: 'TLS_AES_128_CCM_SHA256', ecdhCurve: 'P-256' },
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk, identity: 'Client_identity' }),
    })
    await once(socket, 'secureConnect')
    return new NodePeer(socket)
  }

  /**
   * Sends a line, and resolves to the line that comes back.
   * @throws Error when the session ends instead, with an alert or without
   */
  ask(line: string): Promise<string> {
    const { socket } = this
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        socket.off('data', onData).off('error', onError).off('close', onClose)
        outcome()
      }
      const onData = (chunk: Buffer): void => settle(() => resolve(chunk.toString('latin1').trimEnd()))
      const onError = (error: Error): void => settle(() => reject(error))
      const onClose = (): void => onError(new Error('closed instead of an answer'))
      socket.on('data', onData).on('error', onError).on('close', onClose)
      if (socket.destroyed) onClose()
      else socket.write(`${line}\r\n`)
    })
  }

  /** Says goodbye (close_notify and FIN) and waits until all is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.destroyed) return
    this.socket.end()
    if (!this.socket.closed) await once(this.socket, 'close')
  }
}

/** Asks one question in a session of its own: how a good client fares now. */
export async function askOnce(port: number, sen: string, psk: Uint8Array = DEFAULT_PSK): Promise<string> {
  await using peer = await NodePeer.open(port, sen, psk)
  return await peer.ask('?01hello')
}

/** An element whose trouble is over is served again by itself within this time. */
export const RECOVERY_MS = 3_000

/** Asks again and again until the element of that name serves; fails after `withinMs`. */
export async function askUntilServed(port: number, sen: string, withinMs = RECOVERY_MS): Promise<void> {
  const expiresAt = performance.now() + withinMs
  for (;;) {
    const answer = await askOnce(port, sen).catch(String)
    if (answer === 'hello') return
    assert.ok(performance.now() < expiresAt, `not within ${withinMs} ms: ${answer}`)
    await delay(20)
  }
}

/** As `askOnce`, by `openssl s_client`; what it said on both outputs. */
export function askByOpenssl(port: number, sen: string): Promise<string> {
  const client =
    'openssl s_client -quiet -no_ign_eof -tls1_3 -groups P-256 -ciphersuites TLS_AES_128_CCM_SHA256'
  const peer = `-connect 127.0.0.1:${port} -servername ${sen} -psk ${DEFAULT_PSK.toString('hex')}`
  return shell(`(printf '?01hello\\r\\n'; sleep 1) | ${client} ${peer}`)
}

/** Runs a shell command to its end; what it said on both outputs together. */
export function shell(command: string): Promise<string> {
  const child = spawn('sh', ['-c', `exec 2>&1; ${command}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 15_000,
  })
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')))
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })
}

/**
 * Runs a program that talks to the terminal: sends each line when its answer to the one before has come.
 * @param command  program and arguments
 * @param steps    what it must have said, and what it is then told; at the end its input is closed
 * @returns all it said, on both outputs
 */
export function converse(
  command: readonly string[],
  steps: readonly (readonly [RegExp, string])[],
): Promise<string> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: 15_000 })
  const left = [...steps]
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (chunk: Buffer): void => {
      said += chunk.toString('latin1')
      const [next] = left
      if (next?.[0].test(said) !== true) return
      left.shift()
      if (next[1] === '') child.stdin.end()
      else child.stdin.write(next[1])
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })
}

const PATIENCE_MS = 5_000
