// The framings that a configuration may name, and how an element that speaks each is woken after a reset.

import { BRIDGE_CHUNK_BYTES, BRIDGE_FRAME, BridgeMachine } from '../t1/bridge.ts'
import { communicationParametersOf, nxpAtrOf } from '../t1/cip.ts'
import { T1Machine } from '../t1/machine.ts'
import { GP_T1_PRIME, ISO_T1_LRC, NXP_T1_OVER_I2C, type T1Frame, type T1Profile } from '../t1/profile.ts'
import type { Dialect, Exchange, Framing } from './wire-element.ts'

export type FramingName = 'nxp' | 'gp' | 'bridge' | 'iso'

/** A dialect of its own for one element: it keeps sequence numbers and parameters. */
export function dialectOf(name: FramingName): Dialect {
  switch (name) {
    case 'nxp':
      return t1DialectOf(NXP_T1_OVER_I2C, openNxp)
    case 'gp':
      return t1DialectOf(GP_T1_PRIME, openGp)
    case 'bridge':
      return bridgeDialect()
    case 'iso':
      return t1DialectOf(ISO_T1_LRC, openIso)
    default:
      return name satisfies never
  }
}

type Open = (machine: T1Machine, exchange: Exchange, wasReset: boolean) => Promise<Uint8Array>

function t1DialectOf(profile: T1Profile, open: Open): Dialect {
  const machine = new T1Machine(profile)
  return {
    framing: framingOf(machine, profile, { pollBytes: 2 + profile.lengthBytes, maxAccessBytes: Infinity }),
    open(exchange, wasReset) {
      machine.reset()
      return open(machine, exchange, wasReset)
    },
  }
}

/** The reference bridge: it answers a block like a soft reset with what it keeps of the ATR. */
function bridgeDialect(): Dialect {
  const machine = new BridgeMachine()
  return {
    // It may become ready between two bytes of one access: then only the first tells where its block begins.
    framing: framingOf(machine, BRIDGE_FRAME, { pollBytes: 1, maxAccessBytes: BRIDGE_CHUNK_BYTES }),
    async open(exchange) {
      machine.reset()
      await exchange(machine.getAtr())
      return atrWith(machine.lastInf)
    },
  }
}

function framingOf(
  machine: T1Machine | BridgeMachine,
  { lengthBytes, nadIn }: T1Frame,
  accesses: { pollBytes: number; maxAccessBytes: number },
): Framing {
  return {
    ...accesses,
    prologueBytes: 2 + lengthBytes,
    scratch: machine.scratch,
    isStart: (first) => nadIn.includes(first),
    start: (command, response) => machine.start(command, response),
    bodyOf: (prologue) => machine.bodyOf(prologue),
    received: (prologue, body) => machine.received(prologue, body),
    invalid: () => machine.invalid(),
    silence: () => machine.silence(),
  }
}

/** NXP: whatever ran is dropped, then a soft reset of the interface, whose answer is the ATR (UM11225). */
const openNxp: Open = async (machine, exchange) => {
  await exchange(machine.request('resynch'))
  await exchange(machine.request('interfaceReset'))
  const { dataLink, historicalBytes } = nxpAtrOf(machine.lastInf)
  const atr = atrWith(historicalBytes)
  machine.configure({ ifsc: dataLink.ifscBytes, bwtMs: dataLink.bwtMs })
  return atr
}

/** GlobalPlatform: S(CIP) says what the element takes; without a reset line S(SWR) goes before (GPC_SPE_172). */
const openGp: Open = async (machine, exchange, wasReset) => {
  if (!wasReset) await exchange(machine.request('swr'))
  await exchange(machine.request('cip'))
  const { dataLink, historicalBytes } = communicationParametersOf(machine.lastInf)
  const atr = atrWith(historicalBytes)
  machine.configure({ ifsc: dataLink.ifscBytes, bwtMs: dataLink.bwtMs })
  await exchange(machine.request('resynch'))
  return atr
}

/** ISO/IEC 7816-3 blocks over a bus: nobody gives an ATR, so the name of the element must be configured. */
const openIso: Open = async (machine, exchange) => {
  await exchange(machine.request('resynch'))
  return atrWith(new Uint8Array(0))
}

/** What these dialects have of an ATR, its historical bytes, in the form of one; fifteen are all it can hold. */
function atrWith(historicalBytes: Uint8Array): Uint8Array {
  const bytes = historicalBytes.subarray(0, MAX_HISTORICAL_BYTES)
  return Uint8Array.of(TS_DIRECT, bytes.length, ...bytes)
}

const TS_DIRECT = 0x3b
const MAX_HISTORICAL_BYTES = 15
