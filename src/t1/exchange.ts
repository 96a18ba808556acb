// The course of one exchange: what each reaction of the rules does. T1Machine is its face.

import { InternalError } from '../base/errors.ts'
import { hexOf } from '../base/hex.ts'
import { hasMore, kindOf, prologueBytesOf, R_EDC, R_OTHER, receiveNumberOf } from './block.ts'
import { T1Error, type T1ErrorCode } from './errors.ts'
import type { SBlockName, T1Profile } from './profile.ts'
import type { Receiver } from './receiver.ts'
import {
  type Expectation,
  ifsOf,
  isFault,
  isInfOf,
  isProgress,
  type Reaction,
  reactionTo,
  type Situation,
  type T1Event,
} from './rules.ts'
import type { Sender } from './sender.ts'
import { type T1Counts, Tally } from './tally.ts'
import type { T1Trace } from './trace.ts'

export type T1Action =
  /** `block` is borrowed until the next call; wait for an answer no longer than `timeoutMs` after its last byte. */
  | { readonly kind: 'send'; readonly block: Uint8Array; readonly timeoutMs: number }
  /** The answer, `length` bytes, lies in `response`; of a request, in `lastInf`. */
  | { readonly kind: 'delivered'; readonly length: number }
  | { readonly kind: 'failed'; readonly error: T1Error }

export interface ExchangeParts {
  readonly profile: T1Profile
  readonly sender: Sender
  readonly receiver: Receiver
  readonly trace: T1Trace
}

/** One APDU or request at a time; reusable. */
export class Exchange {
  /** The most INF bytes that the card was told it may send. */
  ifsd: number
  bwtMs: number
  /** INF of the response to the last request. */
  lastInf = NO_BYTES
  readonly counts: T1Counts = { repeats: 0, resyncs: 0 }

  readonly #profile: T1Profile
  readonly #sender: Sender
  readonly #receiver: Receiver
  readonly #trace: T1Trace
  readonly #tally: Tally
  /** False when the numbers of the card are not known; the next command then begins with S(RESYNCH). */
  #isInStep = true
  #situation: Situation | 'idle' = 'idle'
  #task: 'apdu' | 'request' = 'apdu'
  #request: SBlockName | undefined
  #requestInf = NO_BYTES
  /** The command is with the card, or may be: it must not be sent a second time. */
  #hasLeft = false
  /** How the exchange will end once the link is in order again. */
  #verdict: T1Error | undefined
  /** What went wrong last. */
  #fault: T1Error | undefined
  #timeoutMs = 0

  constructor({ profile, sender, receiver, trace }: ExchangeParts) {
    this.#profile = profile
    this.#sender = sender
    this.#receiver = receiver
    this.#trace = trace
    this.#tally = new Tally(profile.limits)
    this.ifsd = profile.defaultIfsd
    this.bwtMs = profile.defaultBwtMs
  }

  /** What the next block is compared with. */
  get expectation(): Expectation {
    const { ns } = this.#sender
    return { ns, nr: this.#receiver.nr, request: this.#request, requestInf: this.#requestInf }
  }

  /** Whether the next I-block may belong to the answer. */
  get awaited(): 'answer' | 'no-answer' {
    return this.#situation === 'last' || this.#situation === 'answer' ? 'answer' : 'no-answer'
  }

  /** The first action of the command that the sender has, answered into the buffer that the receiver has. */
  startApdu(): T1Action {
    this.#begin('apdu')
    return this.#isInStep ? this.#sendI() : this.#resynchronise(undefined)
  }

  /** @throws InternalError when the dialect has no such request, or not with this INF */
  startRequest(name: SBlockName, inf: Uint8Array): T1Action {
    if (this.#profile.sBlocks[name] === undefined || !isInfOf(this.#profile, name, inf)) {
      throw new InternalError(`${this.#profile.name}: S(${name}) with ${inf.length} bytes`)
    }
    if (name === 'abort' && this.#situation !== 'idle' && this.#task === 'apdu') {
      this.#verdict = this.#errorOf('t1.aborted', 'we gave up the exchange')
    } else {
      this.#begin('request')
      if (name === 'resynch') return this.#resynchronise(undefined)
    }
    this.#situation = 'request'
    this.#request = name
    this.#requestInf = inf.slice()
    this.#tally.clearTries()
    return this.#send(this.#sender.sBlock(name, 'request', this.#requestInf))
  }

  /** Numbers and parameters as at the beginning; ends what is running. */
  reset(): void {
    this.#situation = 'idle'
    this.#isInStep = true
    this.#sender.ns = 0
    this.#receiver.nr = 0
    this.#sender.ifsc = this.#profile.defaultIfsc
    this.ifsd = this.#profile.defaultIfsd
    this.bwtMs = this.#profile.defaultBwtMs
  }

  /** @throws InternalError when nothing is awaited */
  on(event: T1Event): T1Action {
    const situation = this.#situation
    if (situation === 'idle') throw new InternalError(`T=1: ${event}, but nothing is awaited`)
    const reaction = reactionTo(situation, event)
    if (isFault(reaction)) this.#fault = this.#faultOf(situation, event)
    else this.#tally.clearFaults()
    if (isProgress(reaction, this.#receiver.pcb, this.#receiver.inf.length)) this.#tally.clearStalls()
    else if (reaction !== 'extend' && !this.#tally.stall()) return this.#despair(situation, event)
    return this.#react(reaction, event)
  }

  #begin(task: 'apdu' | 'request'): void {
    if (this.#situation !== 'idle') this.#isInStep = false
    this.#task = task
    this.#request = undefined
    this.lastInf = NO_BYTES
    this.#hasLeft = false
    this.#verdict = undefined
    this.#fault = undefined
    this.#tally.clear()
  }

  #react(reaction: Reaction, event: T1Event): T1Action {
    switch (reaction) {
      case 'ask':
        if (!this.#tally.fault()) return this.#resynchronise(this.#fault)
        this.counts.repeats++
        return this.#send(this.#sender.rBlockAgain(this.#receiver.nr, event === 'damaged' ? R_EDC : R_OTHER))
      case 'ask-again':
        this.counts.repeats++
        return this.#send(this.#sender.rBlockAgain(this.#receiver.nr, R_OTHER))
      case 'send-next':
        this.#sender.acknowledge()
        return this.#sendI()
      case 'send-again':
        this.counts.repeats++
        return this.#sendI()
      case 'take':
        return this.#take()
      case 'request-again':
        return this.#requestAgain()
      case 'complete':
        return this.#complete()
      case 'extend':
        return this.#extend()
      case 'resize':
        this.#sender.ifsc = ifsOf(this.#profile, this.#receiver.inf) ?? this.#sender.ifsc
        return this.#send(this.#sender.sBlock('ifs', 'response', this.#receiver.inf))
      case 'concede':
        this.#verdict = this.#errorOf('t1.aborted', 'the card gave up the exchange')
        this.#situation = 'aborting'
        return this.#send(this.#sender.sBlock('abort', 'response', NO_BYTES))
      case 'end':
        return this.#endAborted()
      case 'resynchronise':
        return this.#resynchronise(this.#fault)
    }
  }

  #sendI(): T1Action {
    const { block, isLast } = this.#sender.iBlock()
    this.#situation = isLast ? 'last' : 'chain'
    if (isLast) this.#hasLeft = true
    return this.#send(block)
  }

  #take(): T1Action {
    if (this.#situation === 'last') this.#sender.acknowledge()
    this.#situation = 'answer'
    const { pcb } = this.#receiver
    if (this.#receiver.take() === 'overflow') {
      const text = `no room after ${this.#receiver.length} bytes of the answer`
      this.#verdict = this.#errorOf('t1.overflow', text)
      // The rest of the answer would come instead of the next one.
      return hasMore(pcb) ? this.#resynchronise(undefined) : this.#fail(this.#verdict, 'in-step')
    }
    if (hasMore(pcb)) return this.#send(this.#sender.rBlock(this.#receiver.nr, 0))
    this.#situation = 'idle'
    return { kind: 'delivered', length: this.#receiver.length }
  }

  #extend(): T1Action {
    const { inf } = this.#receiver
    const grantedMs = (inf[0] ?? 1) * this.bwtMs
    if (!this.#tally.extend(grantedMs)) {
      return this.#fail(this.#errorOf('t1.endless', 'the card extends its time for ever'), 'out-of-step')
    }
    return this.#send(this.#sender.sBlock('wtx', 'response', inf), grantedMs)
  }

  #requestAgain(): T1Action {
    const name = this.#request
    if (name === undefined || name === 'resynch') return this.#resynchronise(this.#fault)
    if (!this.#tally.retryRequest()) return this.#fail(this.#verdict ?? this.#fault, 'out-of-step')
    this.counts.repeats++
    return this.#send(this.#sender.sBlock(name, 'request', this.#requestInf))
  }

  #complete(): T1Action {
    const name = this.#request
    this.#request = undefined
    this.#tally.clearFaults()
    if (name === 'resynch') return this.#resynchronised()
    if (this.#verdict !== undefined) return this.#fail(this.#verdict, 'in-step')
    const inf = this.#receiver.keepInf()
    if (name === 'ifs') this.ifsd = ifsOf(this.#profile, inf) ?? this.ifsd
    if (name !== undefined && this.#profile.resettingSBlocks.includes(name)) this.reset()
    this.#situation = 'idle'
    this.lastInf = inf
    return { kind: 'delivered', length: inf.length }
  }

  #endAborted(): T1Action {
    const { pcb } = this.#receiver
    // After an I-block it is not known what the card takes for received.
    if (kindOf(pcb) === 'I') return this.#fail(this.#verdict, 'out-of-step')
    this.#sender.ns = receiveNumberOf(pcb)
    return this.#fail(this.#verdict, 'in-step')
  }

  #resynchronise(fault: T1Error | undefined): T1Action {
    this.#fault = fault
    if (this.#task === 'apdu' || fault !== undefined) this.counts.resyncs++
    if (!this.#tally.resync()) return this.#fail(this.#verdict ?? fault, 'out-of-step')
    this.#tally.clearStalls()
    this.#situation = 'request'
    this.#request = 'resynch'
    this.#requestInf = NO_BYTES
    return this.#send(this.#sender.sBlock('resynch', 'request', NO_BYTES))
  }

  /** Rule 6.3; sizes stay as they are. A command that may have been executed is not sent again. */
  #resynchronised(): T1Action {
    this.#sender.ns = 0
    this.#receiver.nr = 0
    this.#isInStep = true
    if (this.#verdict !== undefined) return this.#fail(this.#verdict, 'in-step')
    if (this.#hasLeft) {
      const text = 'the command may have been executed, its answer is lost'
      return this.#fail(this.#errorOf('t1.resynced', text, this.#fault), 'in-step')
    }
    if (this.#task === 'request') {
      this.#situation = 'idle'
      return { kind: 'delivered', length: 0 }
    }
    this.#sender.rewind()
    return this.#sendI()
  }

  #send(block: Uint8Array, timeoutMs = this.bwtMs): T1Action {
    this.#trace.note('sent', block.subarray(0, prologueBytesOf(this.#profile)))
    this.#timeoutMs = timeoutMs
    return { kind: 'send', block, timeoutMs }
  }

  #fail(reason: T1Error | undefined, step: 'in-step' | 'out-of-step'): T1Action {
    const error = reason ?? this.#errorOf('t1.sequence', 'given up')
    this.#situation = 'idle'
    if (step === 'out-of-step') this.#isInStep = false
    return { kind: 'failed', error }
  }

  /** Valid blocks without end that bring nothing; a request is given up, an APDU goes on after S(RESYNCH). */
  #despair(situation: Situation, event: T1Event): T1Action {
    const fault = this.#errorOf('t1.sequence', `${event} without end while waiting for ${situation}`)
    if (situation !== 'request') return this.#resynchronise(fault)
    return this.#fail(this.#verdict ?? fault, 'out-of-step')
  }

  #faultOf(situation: Situation, event: T1Event): T1Error {
    if (event === 'silent') return this.#errorOf('t1.silent', `no answer within ${this.#timeoutMs} ms`)
    if (event === 'damaged') return this.#errorOf('t1.edc', 'a block arrived damaged')
    if (event === 'malformed') return this.#errorOf('t1.malformed', 'what arrived is no block')
    const pcb = hexOf(Uint8Array.of(this.#receiver.pcb))
    return this.#errorOf('t1.sequence', `PCB ${pcb} (${event}) while waiting for ${situation}`)
  }

  #errorOf(code: T1ErrorCode, text: string, cause?: T1Error): T1Error {
    return new T1Error(code, `${this.#profile.name}: ${text}`, cause && { cause })
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0)
