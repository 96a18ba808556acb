// The framings that a configuration may name, and how an element that speaks each is woken after a reset.

import { BRIDGE_CHUNK_BYTES, BRIDGE_FRAME, BridgeMachine } from '../t1/bridge.ts'
import { communicationParametersOf, type I2cParameters, nxpAtrOf, type SpiParameters } from '../t1/cip.ts'
import { T1Error } from '../t1/errors.ts'
import { T1Machine } from '../t1/machine.ts'
import { GP_T1_PRIME, ISO_T1_LRC, NXP_T1_OVER_I2C, type T1Frame, type T1Profile } from '../t1/profile.ts'
import { infOfIfs } from '../t1/rules.ts'
import type { WireTiming } from './link.ts'
import type { Dialect, Framing, Opened, Opening } from './wire-element.ts'

export type FramingName = 'nxp' | 'gp' | 'bridge' | 'iso'

export type Medium = 'i2c' | 'spi'

/** A dialect of its own for one element: it keeps sequence numbers and parameters. */
export function dialectOf(name: FramingName, medium: Medium): Dialect {
  switch (name) {
    case 'nxp':
      return t1DialectOf(NXP_T1_OVER_I2C, medium, { timing: NXP_TIMING, open: openNxp })
    case 'gp':
      return t1DialectOf(GP_T1_PRIME, medium, { timing: GP_TIMING[medium], open: gpOpenerOf(medium) })
    case 'bridge':
      return bridgeDialect()
    case 'iso':
      return t1DialectOf(ISO_T1_LRC, medium, { timing: ISO_TIMING, open: openIso })
    default:
      return name satisfies never
  }
}

interface Manners {
  readonly timing: WireTiming
  readonly open: (machine: T1Machine, opening: Opening) => Promise<Opened>
}

function t1DialectOf(profile: T1Profile, medium: Medium, { timing, open }: Manners): Dialect {
  const machine = new T1Machine(profile)
  const prologueBytes = 2 + profile.lengthBytes
  // SPI asks for one byte that may go by before the block, and for an INF of two: a gap between accesses costs more.
  const pollBytes = medium === 'i2c' ? prologueBytes : prologueBytes + 3
  return {
    framing: framingOf(machine, profile, { pollBytes, maxAccessBytes: Infinity }),
    timing,
    open(opening) {
      machine.reset()
      return open(machine, opening)
    },
    // ISO/IEC 7816-3, T=1 rule 4: the card repeats the IFSD, and the numbers of I-blocks go on. What it hears holds
    // already; in T=1', where no IFSD is written before S(IFS), so we assume.
    async check(exchange) {
      await exchange(machine.request('ifs', infOfIfs(machine.ifsd)))
    },
  }
}

/** The reference bridge: it answers a block like a soft reset with what it keeps of the ATR. */
function bridgeDialect(): Dialect {
  const machine = new BridgeMachine()
  return {
    // It may become ready between two bytes of one access: then only the first tells where its block begins.
    framing: framingOf(machine, BRIDGE_FRAME, { pollBytes: 1, maxAccessBytes: BRIDGE_CHUNK_BYTES }),
    timing: BRIDGE_TIMING,
    async open({ exchange }) {
      machine.reset()
      await exchange(machine.getAtr())
      return { atr: atrWith(machine.lastInf) }
    },
    // Nothing asks the element behind the bridge but a command: whether it is gone shows at the next reset.
    async check(exchange) {
      await exchange(machine.echo(ECHO_BYTES))
      if (Buffer.compare(machine.lastInf, ECHO_BYTES) !== 0) {
        throw new T1Error('t1.sequence', 'bridge: an echo of something else')
      }
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
    ...('counts' in machine ? { counts: machine.counts } : {}),
    isStart: (first) => nadIn.includes(first),
    start: (command, response) => machine.start(command, response),
    bodyOf: (prologue) => machine.bodyOf(prologue),
    received: (prologue, body) => machine.received(prologue, body),
    invalid: () => machine.invalid(),
    silence: () => machine.silence(),
  }
}

/** NXP: whatever ran is dropped, then a soft reset of the interface, whose answer is the ATR (UM11225). */
async function openNxp(machine: T1Machine, { exchange }: Opening): Promise<Opened> {
  await exchange(machine.request('resynch'))
  await exchange(machine.request('interfaceReset'))
  const { dataLink, link, historicalBytes } = nxpAtrOf(machine.lastInf)
  const atr = atrWith(historicalBytes)
  machine.configure({ ifsc: dataLink.ifscBytes, bwtMs: dataLink.bwtMs })
  return {
    atr,
    timing: {
      ...NXP_TIMING,
      gapUs: link.segmentGapUs,
      pollIntervalUs: link.minPollIntervalUs,
      maxClockHz: link.maxClockHz || NXP_TIMING.maxClockHz,
    },
  }
}

/** GlobalPlatform: S(CIP) says what the element takes; without a reset line S(SWR) goes before (GPC_SPE_172). */
function gpOpenerOf(medium: Medium): Manners['open'] {
  return async (machine, { exchange, wasReset, pause }) => {
    if (!wasReset) {
      await exchange(machine.request('swr'))
      await pause(GP_TIMING[medium].powerUpMs)
    }
    await exchange(machine.request('cip'))
    const { dataLink, link, historicalBytes } = communicationParametersOf(machine.lastInf)
    const [atr, timing] = [atrWith(historicalBytes), timingOf(link, GP_TIMING[medium])]
    machine.configure({ ifsc: dataLink.ifscBytes, bwtMs: dataLink.bwtMs })
    await exchange(machine.request('resynch'))
    return { atr, timing }
  }
}

/** What an element leaves at zero it has not said. */
function timingOf(link: I2cParameters | SpiParameters, before: WireTiming): WireTiming {
  return {
    gapUs: link.kind === 'i2c' ? link.readWriteGapUs : link.segmentGapUs,
    pollIntervalUs: link.minPollIntervalUs,
    maxAccessBytes: link.kind === 'i2c' ? Infinity : link.maxAccessBytes || before.maxAccessBytes,
    maxClockHz: link.maxClockHz || before.maxClockHz,
    powerUpMs: link.powerUpMs || before.powerUpMs,
  }
}

/** ISO/IEC 7816-3 blocks over a bus: nobody gives an ATR, so the name of the element must be configured. */
async function openIso(machine: T1Machine, { exchange }: Opening): Promise<Opened> {
  await exchange(machine.request('resynch'))
  return { atr: atrWith(new Uint8Array(0)) }
}

/** What these dialects have of an ATR, its historical bytes, in the form of one; fifteen are all it can hold. */
function atrWith(historicalBytes: Uint8Array): Uint8Array {
  const bytes = historicalBytes.subarray(0, MAX_HISTORICAL_BYTES)
  return Uint8Array.of(TS_DIRECT, bytes.length, ...bytes)
}

const ECHO_BYTES = Uint8Array.of(0xaa, 0x55)
const TS_DIRECT = 0x3b
const MAX_HISTORICAL_BYTES = 15

/** GPC_SPE_172, before S(CIP). The speed of an I2C bus is not ours to set. */
const GP_TIMING: Readonly<Record<Medium, WireTiming>> = {
  i2c: {
    ...{ gapUs: 10, pollIntervalUs: 1000, maxAccessBytes: Infinity },
    ...{ maxClockHz: Infinity, powerUpMs: 25 },
  },
  spi: {
    ...{ gapUs: 200, pollIntervalUs: 1000, maxAccessBytes: 16 },
    ...{ maxClockHz: 1_000_000, powerUpMs: 25 },
  },
}
/** UM11225 and NXP's own host library: five milliseconds to wake up. */
const NXP_TIMING: WireTiming = {
  gapUs: 10,
  pollIntervalUs: 1000,
  maxAccessBytes: Infinity,
  maxClockHz: Infinity,
  powerUpMs: 5,
}
/** The reference waits for its bridge so after a reset, and so before each access. */
const BRIDGE_TIMING: WireTiming = {
  gapUs: 50,
  pollIntervalUs: 0,
  maxAccessBytes: Infinity,
  maxClockHz: Infinity,
  powerUpMs: 250,
}
const ISO_TIMING: WireTiming = { ...NXP_TIMING, gapUs: 0, powerUpMs: 50 }
