// A pcscd of its own, with virtual readers and simulated cards in them. It runs in namespaces of its own; its socket
// lies in a folder that both sides see, so that programs outside reach it by `env`.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CardOptions } from '../../src/simulator/card.ts'
import { isMissing } from './peers.ts'

/** What is plugged into a slot: a keystore card with T=1 when nothing else is said. */
export interface CardInSlot extends Partial<Pick<CardOptions, 'applet' | 'protocol' | 'sen'>> {
  /** 64 hex digits. */
  readonly psk?: string
  /** How long each APDU takes. */
  readonly latencyMs?: number
  /** The command, in hex, that it does not answer until `release`. */
  readonly silentOn?: string
  /** Responses by command, both in hex, that stand before those of the card's applet. */
  readonly answers?: Readonly<Record<string, string>>
}

/** What has happened since the last tally. */
export interface SlotTally {
  /** Commands as they came to the card of the slot, in hex. */
  readonly received: readonly string[]
  readonly resets: readonly ('cold' | 'warm')[]
  /** The most cards, of all slots, that computed at one time. */
  readonly mostInWork: number
}

export type HostCall =
  | { readonly op: 'start' | 'clear' | 'release' | 'silence' }
  | { readonly op: 'end'; readonly signal: NodeJS.Signals }
  | { readonly op: 'insert'; readonly slot: number; readonly card: CardInSlot }
  | { readonly op: 'pull' | 'mute' | 'tally'; readonly slot: number }

export interface HostReply {
  readonly id: number
  readonly tally?: SlotTally | undefined
  readonly failure?: string
}

/** Where the first slot of the first reader listens, in the namespace. */
export const FIRST_PORT = 0x8c7b

export class PrivatePcscd implements AsyncDisposable {
  /** For the program under test. Setting it in this process works too, before the first PC/SC call. */
  readonly env: { readonly PCSCLITE_CSOCK_NAME: string }
  readonly #folder: string
  readonly #host: ChildProcess
  readonly #waiters = new Map<number, (reply: HostReply) => void>()
  #lastId = 0

  private constructor(folder: string) {
    this.#folder = folder
    this.env = { PCSCLITE_CSOCK_NAME: join(folder, 'run', 'pcscd.comm') }
    const script = `${SETUP}; exec "$@"`
    const host = [process.execPath, '--import', 'tsx', HOST, folder, String(FIRST_PORT)]
    this.#host = spawn(
      'unshare',
      ['-n', '-m', '--propagation', 'private', 'sh', '-ec', script, 'sh', ...host],
      {
        env: { ...process.env, RUN: join(folder, 'run') },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    )
    // Only while something is asked of it does it keep this process alive.
    this.#host.unref()
    this.#host.channel?.unref()
    this.#host.on('message', (reply: HostReply) => this.#waiters.get(reply.id)?.(reply))
    this.#host.on('exit', (code) => {
      for (const [id, waiter] of this.#waiters) waiter({ id, failure: `the host ended with ${code}` })
    })
  }

  /**
   * Prepares `readers` virtual readers with one or two slots each; `start` brings them up.
   * @param readers  their names, as a configuration of pcscd has them; pcscd adds ` 00 00` for index and slot.
   *                 Reader R has the slots 2R and 2R + 1
   */
  static prepare(readers: readonly string[]): PrivatePcscd {
    const folder = mkdtempSync(join(tmpdir(), 'pcscd-'))
    mkdirSync(join(folder, 'run'))
    mkdirSync(join(folder, 'readers'))
    for (const [index, name] of readers.entries()) {
      // Of each slot number, the driver keeps one state a library: each reader needs a copy of its own.
      const library = join(folder, `vpcd${index}.so`)
      copyFileSync(VPCD, library)
      const port = `0x${(FIRST_PORT + 2 * index).toString(16)}`
      writeFileSync(
        join(folder, 'readers', `reader${index}`),
        [
          `FRIENDLYNAME "${name}"`,
          `DEVICENAME /dev/null:${port}`,
          `LIBPATH ${library}`,
          `CHANNELID ${port}\n`,
        ].join('\n'),
      )
    }
    return new PrivatePcscd(folder)
  }

  /** What starts a program where it reaches the readers of this daemon, the first slot at FIRST_PORT of 127.0.0.1. */
  get inside(): readonly string[] {
    return ['nsenter', '-t', String(this.#host.pid), '-n', '--']
  }

  /** As `prepare`, and started. */
  static async started(readers: readonly string[]): Promise<PrivatePcscd> {
    const pcscd = PrivatePcscd.prepare(readers)
    await pcscd.start()
    return pcscd
  }

  /** Why a test cannot run here, or false. @param addon  what it needs besides */
  static isMissing(addon?: 'pcsclite' | 'smartcard'): string | false {
    if (process.getuid?.() !== 0) return 'MISSING: root, this test makes namespaces'
    if (!existsSync(VPCD)) return 'MISSING: vsmartcard-vpcd is not installed, this test needs it'
    try {
      if (addon !== undefined) createRequire(import.meta.url)(addon)
    } catch {
      return `MISSING: ${addon ?? ''} could not be compiled, this test needs it`
    }
    const cannotUnshare = spawnSync('unshare', ['-n', '-m', 'true']).status !== 0
    return (
      isMissing('pcscd', '--version') ||
      isMissing('ip', '-V') ||
      isMissing('nsenter', '--version') ||
      (cannotUnshare ? 'MISSING: the right to make namespaces, this test needs it' : false)
    )
  }

  /** Resolves when the daemon listens; its readers come up within a moment. */
  async start(): Promise<void> {
    await this.#call({ op: 'start' })
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#call({ op: 'end', signal })
  }

  async insert(slot: number, card: CardInSlot = {}): Promise<void> {
    await this.#call({ op: 'insert', slot, card })
  }

  async pull(slot: number): Promise<void> {
    await this.#call({ op: 'pull', slot })
  }

  /** Pulls all cards. */
  async clear(): Promise<void> {
    await this.#call({ op: 'clear' })
  }

  /** Resolves when a card does not answer a command. */
  async silence(): Promise<void> {
    await this.#call({ op: 'silence' })
  }

  /** From now on, a card gives no ATR after a reset. */
  async mute(slot: number): Promise<void> {
    await this.#call({ op: 'mute', slot })
  }

  /** Lets all cards that are silent answer. */
  async release(): Promise<void> {
    await this.#call({ op: 'release' })
  }

  async tally(slot: number): Promise<SlotTally> {
    const tally = await this.#call({ op: 'tally', slot })
    return tally ?? { received: [], resets: [], mostInWork: 0 }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#host.once('exit', resolve))
    if (this.#host.exitCode === null) {
      this.#host.ref()
      this.#host.disconnect()
      await closed
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #call(call: HostCall): Promise<SlotTally | undefined> {
    const id = ++this.#lastId
    const reply = await new Promise<HostReply>((resolve) => {
      this.#waiters.set(id, resolve)
      this.#host.channel?.ref()
      this.#host.send({ id, call })
    })
    this.#waiters.delete(id)
    if (this.#waiters.size === 0) this.#host.channel?.unref()
    if (reply.failure !== undefined) throw new Error(reply.failure)
    return reply.tally
  }
}

const HOST = join(import.meta.dirname, 'card-host.ts')
const VPCD = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so'
// vpcd sends length and body in two segments: without quick acknowledgements each APDU takes 40 ms more.
const SETUP = [
  'ip link set lo up',
  'ip route change local 127.0.0.1 dev lo table local quickack 1',
  'mkdir -p /run/pcscd',
  'mount --bind "$RUN" /run/pcscd',
].join('; ')
