// A SIM array in software: boards of slots with simulated cards, behind the line protocol of src/simulator/array-lines.
// Any number of connections, each slot used by one of them at a time. Losing the connection frees its slots.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type Clock, sleepUntil } from '../base/clock.ts'
import {
  type ArrayRequest,
  arrayRequestOf,
  bytesReplyOf,
  contentReplyOf,
  type SlotRequest,
} from './array-lines.ts'
import type { CardAnswer } from './card.ts'
import type { LatencyProfile, LatencyStep } from './latency.ts'

/** What a slot takes: a `Card`, or whatever answers like one. */
export interface ArrayCard {
  /** Power on or reset; the ATR is the caller's. */
  reset(): Uint8Array
  process(apdu: Uint8Array): CardAnswer
}

export interface ArrayServerOptions {
  /** 1 and up: board 1 has slots 101, 102, ... */
  readonly boards: number
  /** 1 to 99 a board. */
  readonly slotsPerBoard: number
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly clock: Clock
  readonly latency: LatencyProfile
}

interface Place {
  card: ArrayCard | undefined
  user: Client | undefined
}

export class ArrayServer implements AsyncDisposable {
  readonly #options: ArrayServerOptions
  readonly #server: Server
  readonly #places = new Map<number, Place>()
  readonly #changes = new Map<number, number>()
  readonly #clients = new Set<Client>()

  private constructor(options: ArrayServerOptions) {
    this.#options = options
    for (let board = 1; board <= options.boards; board++) {
      this.#changes.set(board, 0)
      for (let slot = 1; slot <= options.slotsPerBoard; slot++) {
        this.#places.set(board * 100 + slot, { card: undefined, user: undefined })
      }
    }
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket))
  }

  /** An array without cards. Rejects with the system's error when it cannot listen. */
  static async listen(options: ArrayServerOptions): Promise<ArrayServer> {
    const array = new ArrayServer(options)
    await new Promise<void>((resolve, reject) => {
      array.#server.once('error', reject)
      array.#server.listen(options.port, options.host, () => {
        array.#server.off('error', reject)
        resolve()
      })
    })
    return array
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Puts `card` into a slot; a card that is there is taken out first. @throws RangeError for no slot */
  insert(slot: number, card: ArrayCard): void {
    this.#change(slot, card)
  }

  /** Takes the card out of a slot; whoever uses it has to begin anew. @throws RangeError for no slot */
  remove(slot: number): void {
    this.#change(slot, undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const client of this.#clients) client.end()
    await closed
  }

  #change(slot: number, card: ArrayCard | undefined): void {
    const place = this.#places.get(slot)
    if (place === undefined) throw new RangeError(`the array has no slot ${slot}`)
    const board = Math.floor(slot / 100)
    // The flag is one digit: all that matters is that it differs from the last one.
    this.#changes.set(board, ((this.#changes.get(board) ?? 0) + 1) % 10)
    place.card = card
    place.user = undefined
  }

  #serve(socket: Socket): void {
    const client: Client = new Client(socket, (request) => this.#answer(client, request))
    this.#clients.add(client)
    socket.once('close', () => {
      this.#clients.delete(client)
      this.#freeAll(client)
    })
    client.start()
  }

  #freeAll(client: Client): void {
    for (const place of this.#places.values()) if (place.user === client) place.user = undefined
  }

  async #answer(client: Client, request: ArrayRequest): Promise<string> {
    switch (request.kind) {
      case 'reset':
        this.#freeAll(client)
        return REPLY.ok
      case 'content':
        return this.#content()
      case 'quit':
        return REPLY.bye
      case 'use':
      case 'free':
      case 'apdu':
      case 'tpdu': {
        const place = this.#places.get(request.slot)
        return place === undefined ? REPLY.noSlot : this.#answerAt(place, client, request)
      }
    }
  }

  async #answerAt(place: Place, client: Client, request: SlotRequest): Promise<string> {
    if (place.user !== undefined && place.user !== client) return REPLY.usedElsewhere
    const { card } = place
    if (request.kind === 'free') {
      place.user = undefined
      return REPLY.ok
    }
    if (card === undefined) return REPLY.empty
    if (request.kind === 'use') {
      place.user = client
      const atr = card.reset()
      await this.#spend('reset')
      return place.card === card ? `000 ${Buffer.from(atr).toString('hex').toUpperCase()}` : REPLY.pulled
    }
    if (place.user !== client) return REPLY.notUsed
    const { response, steps } =
      request.kind === 'apdu' ? whole(card, request.bytes) : once(card, request.bytes)
    for (const step of steps) await this.#spend(step)
    return place.card === card ? bytesReplyOf(response) : REPLY.pulled
  }

  #content(): string {
    const { boards, slotsPerBoard } = this.#options
    const content = Array.from({ length: boards }, (_, index) => {
      const board = index + 1
      const occupied = Array.from({ length: slotsPerBoard }, (_, slot) => {
        return this.#places.get(board * 100 + slot + 1)?.card !== undefined
      })
      return { board, occupied, changes: this.#changes.get(board) ?? 0 }
    })
    return contentReplyOf(content)
  }

  async #spend(step: LatencyStep): Promise<void> {
    const { clock, latency } = this.#options
    if (latency[step] > 0) await sleepUntil(clock, clock.now() + latency[step])
  }
}

/** A connection: its lines are answered one after the other. */
class Client {
  readonly #socket: Socket
  readonly #answer: (request: ArrayRequest) => Promise<string>
  #rest = ''
  #unanswered = 0
  #work: Promise<void> = Promise.resolve()

  constructor(socket: Socket, answer: (request: ArrayRequest) => Promise<string>) {
    this.#socket = socket
    this.#answer = answer
  }

  start(): void {
    this.#socket.on('error', () => this.#socket.destroy())
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#receive(text))
    this.#reply(REPLY.greeting)
  }

  end(): void {
    this.#socket.destroy()
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    this.#unanswered += lines.length
    const isFlood = this.#unanswered > MAX_UNANSWERED || this.#socket.writableLength > MAX_UNREAD_BYTES
    if (isFlood || [this.#rest, ...lines].some(({ length }) => length > MAX_LINE_BYTES)) {
      this.end()
      return
    }
    for (const line of lines) this.#work = this.#work.then(() => this.#serve(line))
  }

  async #serve(line: string): Promise<void> {
    if (this.#socket.destroyed) return
    const request = arrayRequestOf(line)
    this.#reply(request === undefined ? REPLY.unknown : await this.#answer(request))
    this.#unanswered -= 1
    if (request?.kind === 'quit') this.#socket.end()
  }

  #reply(text: string): void {
    if (this.#socket.writable) this.#socket.write(`${text}\r\n`, 'latin1')
  }
}

interface CardWork {
  readonly response: Uint8Array
  readonly steps: readonly LatencyStep[]
}

function once(card: ArrayCard, tpdu: Uint8Array): CardWork {
  const { response, step } = card.process(tpdu)
  return { response, steps: [step] }
}

/** What the array does for an APDU over T=0: fetches what 61xx announces, repeats with the Le of 6Cxx. */
function whole(card: ArrayCard, apdu: Uint8Array): CardWork {
  const parts: Uint8Array[] = []
  const steps: LatencyStep[] = []
  let command = apdu
  for (let round = 0; ; round++) {
    const { response, step } = card.process(command)
    steps.push(step)
    const [sw1 = 0, sw2 = 0] = response.subarray(-2)
    const isWrongLe = sw1 === SW1_WRONG_LE && command.length === CASE_2_BYTES
    if (round === MAX_ROUNDS || (sw1 !== SW1_MORE && !isWrongLe)) {
      return { response: Buffer.concat([...parts, response]), steps }
    }
    parts.push(response.subarray(0, -2))
    command = isWrongLe
      ? Uint8Array.of(...command.subarray(0, CASE_2_BYTES - 1), sw2)
      : Uint8Array.of(apdu[0] ?? 0, INS_GET_RESPONSE, 0, 0, sw2)
  }
}

const REPLY = {
  greeting: '000 Welcome',
  ok: '000 OK',
  bye: '000 bye',
  unknown: '500 unknown command',
  noSlot: '404 no such slot',
  empty: '405 empty slot',
  usedElsewhere: '409 slot in use',
  notUsed: '410 USE first',
  pulled: '411 card removed',
} as const
const SW1_MORE = 0x61
const SW1_WRONG_LE = 0x6c
const INS_GET_RESPONSE = 0xc0
const CASE_2_BYTES = 5
const MAX_ROUNDS = 300
/** The longest extended APDU in hex, and the words before it. */
const MAX_LINE_BYTES = 2 * 65_544 + 32
const MAX_UNANSWERED = 16
const MAX_UNREAD_BYTES = 2 * MAX_LINE_BYTES
