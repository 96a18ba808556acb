// What a card of the T=1 family has to know of itself.

import type { WireApdus } from './wire-apdus.ts'
import type { WireDialect } from './wire-dialect.ts'
import type { WireCardOptions } from './wire-options.ts'

/** What differs from chip to chip, worked out from the options. */
export interface T1Settings {
  readonly dialect: WireDialect
  readonly options: WireCardOptions
  readonly apdus: WireApdus
  /** In blocks from the host; before S(CIP) that of the dialect. */
  readonly ifsc: number
  readonly bwtMs: number
  readonly resetMs: number
  /** INF of the answer to S(CIP) or S(get ATR). */
  readonly selfDescription: () => Uint8Array
}
