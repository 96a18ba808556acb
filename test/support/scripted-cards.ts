// A card reader library that does what a test says, in place of a foreign addon.

import type { ResetKind } from '../../src/drivers/driver.ts'
import { LinkError } from '../../src/drivers/errors.ts'
import type {
  CardLibrary,
  CardSession,
  ReaderWatch,
  Reset,
  WatchListener,
} from '../../src/drivers/pcsc-port.ts'

export const RESET_OF_T1: Reset = { protocol: 't1', atr: Uint8Array.of(0x3b, 0x00) }

/** Calls that wait until the test settles them. */
export class ScriptedSession implements CardSession {
  readonly calls: string[] = []
  #settle: ((outcome: Reset | Uint8Array | Error | undefined) => void) | undefined

  reset(kind: ResetKind): Promise<Reset> {
    return this.#wait(kind)
  }

  transmit(command: Uint8Array, maxResponseBytes: number): Promise<Uint8Array> {
    return this.#wait(`${Buffer.from(command).toString('hex')} ${maxResponseBytes}`)
  }

  close(): Promise<void> {
    this.calls.push('close')
    return Promise.resolve()
  }

  /** Ends the call that waits. */
  settle(outcome: Reset | Uint8Array | Error): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(outcome)
  }

  #wait<Result>(call: string): Promise<Result> {
    this.calls.push(call)
    return new Promise((resolve, reject) => {
      this.#settle = (outcome) =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome as unknown as Result)
    })
  }
}

export class ScriptedLibrary implements CardLibrary {
  readonly name = 'pcsclite'
  readonly sessions: ScriptedSession[] = []
  watches = 0
  closed = 0
  isUp = true
  listener: WatchListener | undefined

  watch(listener: WatchListener): ReaderWatch {
    this.watches++
    if (!this.isUp) throw new LinkError('link.closed', 'pcscd does not answer')
    this.listener = listener
    return { close: () => this.closed++ }
  }

  open(): CardSession {
    const session = new ScriptedSession()
    this.sessions.push(session)
    return session
  }
}
