// The card's side of T=1 in its three dialects (ISO/IEC 7816-3; NXP T=1 over I2C; T=1' of GlobalPlatform). One block
// in, one block out; what takes time is done when the clock says so.

import { T1Answer, type Unacknowledged } from './t1-answer.ts'
import {
  I_RESERVED,
  ifsOf,
  infOfIfs,
  isR,
  PCB_MORE,
  PCB_RESPONSE,
  R,
  R_EDC,
  R_OTHER,
  R_RESERVED,
  S_ABORT,
  S_IFS,
  S_RESYNCH,
  S_WTX,
} from './t1-pcb.ts'
import type { T1Settings } from './t1-settings.ts'
import { type Block, blockOf, type FrameError, frameOf } from './wire-block.ts'
import type { Service } from './wire-dialect.ts'
import type { Outgoing, WireEnd } from './wire-end.ts'

interface Sent extends Outgoing {
  readonly pcb: number
}

/** A request of the card's own that the host has to answer with the same INF. */
interface Asked {
  readonly pcb: number
  readonly inf: Uint8Array
  repeats: number
}

interface Work {
  readonly response: Uint8Array
  readonly doneAt: number
  asksAt: number
}

export class T1Card implements WireEnd {
  readonly #settings: T1Settings
  #ifsc: number
  #ifsd: number
  /** N(S) of the next I-block from the host. */
  #expected = 0
  #chunks: Uint8Array[] = []
  #work: Work | undefined
  readonly #answer: T1Answer
  #asked: Asked | undefined
  #last: Sent | undefined
  #extraRequests = 0
  #mayAskIfsc = true
  #mayAbort = true

  constructor(settings: T1Settings) {
    this.#settings = settings
    this.#ifsc = settings.dialect.firstIfsc
    this.#ifsd = settings.options.ifsd ?? settings.dialect.firstIfsd
    this.#answer = new T1Answer(settings.options.endsEmpty)
    this.#toFirstState()
  }

  reset(): void {
    this.#settings.apdus.reset()
    this.#toFirstState()
  }

  delayAnswer(requests: number): void {
    this.#extraRequests = requests
  }

  isListening(now: number): boolean {
    return this.outgoing(now) !== undefined || this.#work === undefined
  }

  outgoing(now: number): Outgoing | undefined {
    const work = this.#work
    if (work !== undefined && this.#asked === undefined) this.#last = this.#progressOf(work, now)
    return this.#last
  }

  receive(frame: Uint8Array, now: number): void {
    if (!this.isListening(now)) return
    const block = blockOf(this.#settings.dialect, frame)
    if (typeof block === 'string') this.#last = this.#complaint(block)
    else if ((block.pcb & 0x80) === 0) this.#last = this.#answerToI(block, now)
    else if ((block.pcb & 0x40) === 0) this.#last = this.#answerToR(block)
    else this.#last = this.#answerToS(block, now)
  }

  #answerToI({ pcb, inf }: Block, now: number): Sent | undefined {
    const isInTurn = ((pcb >> 6) & 1) === this.#expected && this.#answer.unacknowledged?.hasMore !== true
    const isWellFormed = (pcb & I_RESERVED) === 0 && inf.length <= this.#ifsc
    // A block with the number of the one before is that one again: never run twice what it carries.
    if (this.#asked !== undefined || !isInTurn || !isWellFormed) return this.#complaint('other')
    this.#answer.acknowledge()
    this.#expected ^= 1
    this.#chunks.push(Uint8Array.from(inf))
    if ((pcb & PCB_MORE) === 0) return this.#run(now)
    const isTooLong = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0) > MAX_COMMAND_BYTES
    if (isTooLong || this.#abortsNow('command', this.#chunks.length)) return this.#request(S_ABORT)
    return this.#acknowledgement()
  }

  #answerToR({ pcb, inf }: Block): Sent | undefined {
    if (inf.length > 0 || (pcb & R_RESERVED) !== 0) return this.#complaint('other')
    // Rule 7.3: only the response ends a request.
    if (this.#asked !== undefined) return this.#repeatedRequest(this.#asked)
    const sent = this.#answer.unacknowledged
    if (sent !== undefined && ((pcb >> 4) & 1) === sent.number) return this.#blockOfAnswer(sent)
    if (sent?.hasMore === true) {
      this.#answer.acknowledge()
      return this.#nextOfAnswer()
    }
    if (this.#last !== undefined && isR(this.#last.pcb)) return this.#last
    // The host has all there was, and what it said since did not get here.
    return this.#acknowledgement()
  }

  #answerToS({ pcb, inf }: Block, now: number): Sent | undefined {
    const { dialect } = this.#settings
    if ((pcb & PCB_RESPONSE) !== 0) return this.#afterResponse(pcb, inf, now)
    const service = dialect.services.get(pcb)
    if (service !== undefined && inf.length === 0) return this.#served(pcb, service)
    if (pcb === S_RESYNCH && inf.length === 0) return this.#answerToResynch(now)
    if (this.#asked !== undefined) return this.#repeatedRequest(this.#asked)
    if (pcb === S_ABORT && inf.length === 0) {
      // What of a chain was sent counts as received: the host has the right to send, with the next number.
      if (this.#answer.unacknowledged?.hasMore === true) this.#answer.acknowledge()
      this.#chunks = []
      return this.#sent(pcb | PCB_RESPONSE)
    }
    const ifsd = pcb === S_IFS ? ifsOf(dialect, inf) : undefined
    if (ifsd === undefined) return this.#complaint('other')
    this.#ifsd = ifsd
    return this.#sent(pcb | PCB_RESPONSE, inf)
  }

  #answerToResynch(now: number): Sent | undefined {
    const isComputing = this.#work !== undefined && now < this.#work.doneAt
    // The NXP part asks on until the command before has ended: what its host sees after a restart of its own.
    const goesOn = isComputing && this.#settings.options.framing === 'nxp'
    if (goesOn && this.#asked !== undefined) return this.#repeatedRequest(this.#asked)
    this.#forget()
    return this.#sent(S_RESYNCH | PCB_RESPONSE)
  }

  #afterResponse(pcb: number, inf: Uint8Array, now: number): Sent | undefined {
    const asked = this.#asked
    const isAnswer = asked !== undefined && pcb === (asked.pcb | PCB_RESPONSE) && areEqual(inf, asked.inf)
    if (!isAnswer) return this.#complaint('other')
    this.#asked = undefined
    if (asked.pcb === S_ABORT) {
      this.#chunks = []
      return this.#acknowledgement()
    }
    if (asked.pcb === S_IFS) this.#ifsc = ifsOf(this.#settings.dialect, inf) ?? this.#ifsc
    else if (this.#work !== undefined) this.#work.asksAt = now + this.#wtxEveryMs()
    return undefined
  }

  #served(pcb: number, service: Service): Sent | undefined {
    const { ifsc, apdus, resetMs, selfDescription } = this.#settings
    const response = pcb | PCB_RESPONSE
    switch (service) {
      case 'cip':
      case 'atr':
        if (this.#asked !== undefined) return this.#repeatedRequest(this.#asked)
        this.#ifsc = ifsc
        return this.#sent(response, selfDescription())
      case 'release':
      case 'end-session':
        // Assumed: what was agreed on sizes outlives the session, what was selected does not.
        this.#forget()
        apdus.reset()
        return this.#sent(response)
      case 'reset':
      case 'reset-atr':
        this.reset()
        // Assumed: a software reset keeps the size that the card has told already.
        this.#ifsc = ifsc
        return this.#sent(response, service === 'reset-atr' ? selfDescription() : NO_BYTES, resetMs)
      case 'power-down':
        this.reset()
        return this.#sent(response, NO_BYTES, Infinity)
      default:
        return service satisfies never
    }
  }

  #run(now: number): Sent | undefined {
    const command = Uint8Array.from(Buffer.concat(this.#chunks))
    this.#chunks = []
    const { response, computesMs } = this.#settings.apdus.run(command)
    this.#work = { response, doneAt: now + computesMs, asksAt: now + this.#wtxEveryMs() }
    const { asksIfsc } = this.#settings.options
    if (asksIfsc === undefined || !this.#mayAskIfsc) return undefined
    this.#mayAskIfsc = false
    return this.#request(S_IFS, infOfIfs(asksIfsc))
  }

  /** What a computation has come to: a request for more time, the answer, or nothing yet. */
  #progressOf(work: Work, now: number): Sent | undefined {
    const isOverdue = work.asksAt <= now && work.asksAt < work.doneAt
    if (this.#extraRequests > 0 || isOverdue) {
      this.#extraRequests = Math.max(this.#extraRequests - 1, 0)
      return this.#request(S_WTX, Uint8Array.of(this.#settings.options.wtxMultiplier ?? 1))
    }
    if (now < work.doneAt) return undefined
    this.#work = undefined
    this.#answer.begin(work.response)
    return this.#nextOfAnswer()
  }

  #nextOfAnswer(): Sent {
    if (this.#abortsNow('response', this.#answer.nextBlock)) return this.#request(S_ABORT)
    return this.#blockOfAnswer(this.#answer.next(this.#ifsd))
  }

  #blockOfAnswer({ number, hasMore, inf }: Unacknowledged): Sent {
    return this.#sent((number << 6) | (hasMore ? PCB_MORE : 0), inf)
  }

  #acknowledgement(): Sent {
    return this.#sent(R | (this.#expected << 4))
  }

  #request(pcb: number, inf: Uint8Array = NO_BYTES): Sent {
    this.#asked = { pcb, inf, repeats: 0 }
    return this.#sent(pcb, inf)
  }

  #repeatedRequest(asked: Asked): Sent | undefined {
    asked.repeats++
    if (asked.pcb !== S_IFS || asked.repeats <= MAX_IFS_REPEATS) return this.#sent(asked.pcb, asked.inf)
    // Another size is not worth the session.
    this.#asked = undefined
    return undefined
  }

  /** Rules 7.1 to 7.3: what to say after a block that cannot be used. */
  #complaint(error: FrameError): Sent | undefined {
    if (this.#asked !== undefined) return this.#repeatedRequest(this.#asked)
    if (this.#last !== undefined && isR(this.#last.pcb)) return this.#last
    return this.#sent(R | (this.#expected << 4) | (error === 'edc' ? R_EDC : R_OTHER))
  }

  #sent(pcb: number, inf: Uint8Array = NO_BYTES, quietMs = 0): Sent {
    return { pcb, bytes: frameOf(this.#settings.dialect, pcb, inf), quietMs }
  }

  #abortsNow(chain: 'command' | 'response', block: number): boolean {
    const { aborts } = this.#settings.options
    if (!this.#mayAbort || aborts?.chain !== chain || aborts.atBlock !== block) return false
    this.#mayAbort = false
    return true
  }

  #wtxEveryMs(): number {
    const { options, bwtMs } = this.#settings
    return options.wtxEveryMs ?? bwtMs * WTX_FRACTION
  }

  /** As after S(RESYNCH): numbers start again, whatever was under way is lost; sizes stay. */
  #forget(): void {
    this.#expected = 0
    this.#chunks = []
    this.#work = undefined
    this.#answer.forget()
    this.#asked = undefined
    this.#last = undefined
  }

  #toFirstState(): void {
    const { dialect, options, ifsc } = this.#settings
    this.#forget()
    this.#extraRequests = 0
    this.#ifsc = options.framing === 'gp' ? dialect.firstIfsc : ifsc
    this.#ifsd = options.ifsd ?? dialect.firstIfsd
    this.#mayAskIfsc = true
    this.#mayAbort = true
  }
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

const MAX_IFS_REPEATS = 3
const WTX_FRACTION = 0.75
// Header, three bytes of Lc, 65535 of data, two of Le.
const MAX_COMMAND_BYTES = 65_544
const NO_BYTES = new Uint8Array(0)
