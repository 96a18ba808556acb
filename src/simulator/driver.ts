// The driver of simulated cards: one card a configuration, in this process or behind the socket of its own.

import { createHash } from 'node:crypto'
import { messageOf } from '../base/errors.ts'
import type { Arrival, Driver, DriverEnvironment, OpenDriver, SecureElement } from '../drivers/driver.ts'
import type { CardApplication } from './application.ts'
import { Card } from './card.ts'
import { SimulatedElement } from './element.ts'
import { LATENCY_PROFILES, type LatencyName } from './latency.ts'
import { RemoteElement } from './remote-element.ts'

export interface SimulatorConfig {
  readonly seid: string
  readonly aliases: readonly string[]
  /** Personalises the card's own name, which the gateway then learns from its ATR. */
  readonly sen?: string | undefined
  readonly applet: CardApplication
  readonly protocol: 't1' | 't0'
  readonly latency: LatencyName
  /** 32 bytes; what the application comes with when absent. */
  readonly psk?: Uint8Array | undefined
  readonly scp: 'scp03' | 'scp02'
  readonly maxKeyTries?: number | undefined
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
  /** Path of the socket of a card process; what personalises a card is then that process's business. */
  readonly socket?: string | undefined
}

/** Reports one element: a card in this process at once, one behind a socket whenever somebody serves it there. */
export const openSimulator: OpenDriver<SimulatorConfig> = (config, environment) => {
  return config.socket === undefined
    ? Promise.resolve(openCard(config, environment))
    : openRemote({ ...config, socket: config.socket }, environment)
}

function openCard(config: SimulatorConfig, environment: DriverEnvironment): Driver {
  const { seid, applet, protocol, sen, psk, scp, maxKeyTries } = config
  const { clock, log } = environment
  const card = new Card({
    applet,
    protocol,
    sen,
    psk,
    issuer: { scp, maxTries: maxKeyTries, kdd: diversificationOf(seid) },
    onException: (error) => log.error('card.failed', { seid, cause: messageOf(error) }),
  })
  const latency = LATENCY_PROFILES[config.latency]
  const element = new SimulatedElement({ name: seid, card, clock, latency })
  environment.onArrive(arrivalOf(config, element))
  return { kind: KIND, [Symbol.asyncDispose]: () => element.powerOff() }
}

async function openRemote(
  config: SimulatorConfig & { readonly socket: string },
  environment: DriverEnvironment,
): Promise<Driver> {
  const element: RemoteElement = new RemoteElement({
    name: config.seid,
    path: config.socket,
    clock: environment.clock,
    onArrive: () => environment.onArrive(arrivalOf(config, element)),
    onLeave: (cause) => environment.onLeave(element, cause),
  })
  await element.open()
  return { kind: KIND, [Symbol.asyncDispose]: () => element[Symbol.asyncDispose]() }
}

function arrivalOf({ seid, aliases, aid, maxRecordBytes }: SimulatorConfig, element: SecureElement): Arrival {
  return { element, seid, aliases, aid, maxRecordBytes }
}

/** So that each card has another serial number, the same at each start. */
function diversificationOf(seid: string): Uint8Array {
  return createHash('sha256').update(seid).digest().subarray(0, KDD_BYTES)
}

const KIND = 'simulator'
const KDD_BYTES = 10
