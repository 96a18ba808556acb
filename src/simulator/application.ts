// What may be installed on a card.

import { type Answer, SW, status } from './answer.ts'
import type { Command } from './command.ts'

/** TLS-SE with the keystore shell; TLS-SE that echoes; TLS-IM. */
export type ApplicationKind = 'keystore' | 'echo' | 'tls-im'

/** What a card can be made as: with one of the applications, or blank. */
export const CARD_APPLICATIONS = ['keystore', 'echo', 'tls-im', 'none'] as const

export type CardApplication = (typeof CARD_APPLICATIONS)[number]

/** An installed application, as the runtime of the card sees it. */
export interface Application {
  /** For the historical bytes of the ATR; none when it does not touch them. */
  readonly name: Uint8Array | undefined
  /** What the runtime calls at reset and at a SELECT. */
  select(): void
  run(command: Command): Answer
}

/** An application that was loaded and installed, and of which this card has only the name. */
export const INERT: Application = {
  name: undefined,
  select: () => undefined,
  run: ({ ins }) => status(ins === INS_SELECT ? SW.FILE_NOT_FOUND : SW.UNKNOWN_INS),
}

export const INS_SELECT = 0xa4
