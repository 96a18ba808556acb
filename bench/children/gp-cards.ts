// Blank cards behind sockets, each command of which takes as long as it is told.

import type * as clocks from '../../src/base/clock.ts'
import type * as cards from '../../src/simulator/card.ts'
import type * as servers from '../../src/simulator/card-server.ts'
import { built } from '../built.ts'
import { obey } from './orders.ts'

/** What the parent sends. */
export interface CardsOrder {
  readonly paths: readonly string[]
  readonly latencyMs: number
}

const { systemClock: clock } = await built<typeof clocks>('base/clock.js')
const { Card } = await built<typeof cards>('simulator/card.js')
const { serveCard } = await built<typeof servers>('simulator/card-server.js')

obey(async ({ paths, latencyMs }: CardsOrder) => {
  const steps = { clientHello: 0, encryptedExtensions: 0, serverFinished: 0, clientFinished: 0 }
  const latency = { ...steps, reset: 0, applicationRecord: 0, other: latencyMs }
  for (const path of paths)
    await serveCard({ card: new Card({ applet: 'none', protocol: 't1' }), clock, latency, path })
  return { ready: true }
})
