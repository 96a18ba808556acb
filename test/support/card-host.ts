// The inside of a private pcscd: runs in its namespaces, starts and ends it, and plugs simulated cards into the slots
// of its virtual readers. Told what to do by `pcscd.ts` over the channel of a child process.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CONTROL, FrameReader, frameOf } from '../../src/base/vpcd-frames.ts'
import { Card } from '../../src/simulator/card.ts'
import type { CardInSlot, HostCall, HostReply, SlotTally } from './pcscd.ts'

/** A card in a slot: dials the virtual reader again for as long as it is plugged in. */
class PluggedCard {
  readonly received: string[] = []
  readonly resets: ('cold' | 'warm')[] = []
  readonly #port: number
  readonly #settings: CardInSlot
  readonly #card: Card
  #atr: Uint8Array
  #socket: Socket | undefined
  #isPlugged = true
  #isOn = false
  #isMute = false
  #wasReset = false
  /** Ends the silence. */
  #answer: (() => void) | undefined
  #work: Promise<void> = Promise.resolve()

  constructor(port: number, settings: CardInSlot) {
    this.#port = port
    this.#settings = settings
    const psk = settings.psk === undefined ? undefined : Buffer.from(settings.psk, 'hex')
    this.#card = new Card({ applet: 'keystore', protocol: 't1', ...settings, psk })
    this.#atr = this.#card.reset()
    this.#dial()
  }

  /** From now on, no ATR after a reset. Between resets the reader asks for it to see whether the card is there. */
  mute(): void {
    this.#isMute = true
  }

  answer(): void {
    this.#answer?.()
  }

  pull(): void {
    this.#isPlugged = false
    this.#socket?.destroy()
  }

  #dial(): void {
    if (!this.#isPlugged) return
    const reader = new FrameReader(0xffff)
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true })
    this.#socket = socket
    socket.on('data', (chunk: Uint8Array) => {
      for (const payload of reader.push(chunk) ?? []) {
        const bytes = Uint8Array.from(payload)
        this.#work = this.#work.then(() => this.#serve(bytes, socket))
      }
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#answer?.()
      setTimeout(() => this.#dial(), REDIAL_MS)
    })
  }

  async #serve(payload: Uint8Array, socket: Socket): Promise<void> {
    if (payload.length > 1) {
      const answer = await this.#answerTo(payload)
      if (answer !== undefined) socket.write(frameOf(answer))
      return
    }
    switch (payload[0]) {
      case CONTROL.POWER_OFF:
        this.#isOn = false
        return
      case CONTROL.POWER_ON:
      case CONTROL.RESET:
        this.resets.push(this.#isOn ? 'warm' : 'cold')
        this.#atr = this.#card.reset()
        this.#isOn = true
        this.#wasReset = true
        return
      case CONTROL.GET_ATR:
        if (!(this.#isMute && this.#wasReset)) socket.write(frameOf(this.#atr))
        this.#wasReset = false
        return
      case undefined:
    }
  }

  async #answerTo(apdu: Uint8Array): Promise<Uint8Array | undefined> {
    const hex = Buffer.from(apdu).toString('hex')
    this.received.push(hex)
    inWork++
    mostInWork = Math.max(mostInWork, inWork)
    try {
      const { latencyMs = 0, silentOn, answers = {} } = this.#settings
      if (latencyMs > 0) await delay(latencyMs)
      if (hex === silentOn) {
        await new Promise<void>((resolve) => {
          this.#answer = resolve
          silent.add(this)
          for (const tell of awaitingSilence.splice(0)) tell()
        })
      }
      const scripted = answers[hex]
      return scripted === undefined ? this.#card.process(apdu).response : Buffer.from(scripted, 'hex')
    } finally {
      silent.delete(this)
      inWork--
    }
  }
}

async function startDaemon(): Promise<void> {
  rmSync(SOCKET, { force: true })
  rmSync('/run/pcscd/pcscd.pid', { force: true })
  daemon = spawn('pcscd', ['-f', '-e', '-c', configuration], { stdio: ['ignore', 'inherit', 'inherit'] })
  while (!existsSync(SOCKET)) await delay(2)
}

async function endDaemon(signal: NodeJS.Signals): Promise<void> {
  if (daemon === undefined) return
  const ended = once(daemon, 'exit')
  daemon.kill(signal)
  await ended
  daemon = undefined
}

function pull(slot: number): void {
  slots.get(slot)?.pull()
  slots.delete(slot)
}

async function run(call: HostCall): Promise<SlotTally | undefined> {
  switch (call.op) {
    case 'start':
      await startDaemon()
      return undefined
    case 'end':
      await endDaemon(call.signal)
      return undefined
    case 'insert':
      slots.set(call.slot, new PluggedCard(firstPort + call.slot, call.card))
      return undefined
    case 'pull':
      pull(call.slot)
      return undefined
    case 'clear':
      if (slots.size === 0) return undefined
      for (const slot of slots.keys()) pull(slot)
      await delay(NOTICE_MS)
      return undefined
    case 'release':
      for (const card of silent) card.answer()
      return undefined
    case 'silence':
      if (silent.size === 0) await new Promise<void>((resolve) => awaitingSilence.push(resolve))
      return undefined
    case 'mute':
      slots.get(call.slot)?.mute()
      return undefined
    case 'tally': {
      const { received = [], resets = [] } = slots.get(call.slot) ?? {}
      const tally = { received: [...received], resets: [...resets], mostInWork }
      received.length = 0
      resets.length = 0
      mostInWork = 0
      return tally
    }
  }
}

let daemon: ChildProcess | undefined
let inWork = 0
let mostInWork = 0
const silent = new Set<PluggedCard>()
const awaitingSilence: (() => void)[] = []
const slots = new Map<number, PluggedCard>()
const [, , folder = '', port = '0'] = process.argv
const configuration = join(folder, 'readers')
const firstPort = Number(port)
const SOCKET = '/run/pcscd/pcscd.comm'
const REDIAL_MS = 10
/** pcscd looks every 400 ms. */
const NOTICE_MS = 450

process.on('message', (message: { id: number; call: HostCall }) => {
  run(message.call).then(
    (tally) => process.send?.({ id: message.id, tally } satisfies HostReply),
    (error: unknown) => process.send?.({ id: message.id, failure: String(error) } satisfies HostReply),
  )
})
process.on('disconnect', () => {
  daemon?.kill('SIGKILL')
  process.exit()
})
