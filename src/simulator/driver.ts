// The driver of simulated cards: one card a configuration, in this process or behind the socket of its own.

import { messageOf } from '../base/errors.ts'
import type { Driver, OpenDriver } from '../drivers/driver.ts'
import { Card } from './card.ts'
import { SimulatedElement } from './element.ts'
import { LATENCY_PROFILES, type LatencyName } from './latency.ts'

export interface SimulatorConfig {
  readonly seid: string
  readonly aliases: readonly string[]
  /** Personalises the card's own name, which the gateway then learns from its ATR. */
  readonly sen?: string | undefined
  readonly applet: 'keystore' | 'echo' | 'none'
  readonly protocol: 't1' | 't0'
  readonly latency: LatencyName
  /** 32 bytes. */
  readonly psk: Uint8Array
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
}

/** Reports one element, at once. */
export const openSimulator: OpenDriver<SimulatorConfig> = (config, environment) => {
  const { clock, log } = environment
  const { seid, aliases, aid, maxRecordBytes, applet, protocol, sen, psk } = config
  const card = new Card({
    applet,
    protocol,
    sen,
    psk,
    onException: (error) => log.error('card.failed', { seid, cause: messageOf(error) }),
  })
  const latency = LATENCY_PROFILES[config.latency]
  const element = new SimulatedElement({ name: seid, card, clock, latency })
  environment.onArrive({ element, seid, aliases, aid, maxRecordBytes })
  const driver: Driver = { kind: 'simulator', [Symbol.asyncDispose]: () => element.powerOff() }
  return Promise.resolve(driver)
}
