// Card management: how long a package takes to load over RACS, against the sum of what the element itself takes for
// the same commands; and what the secure channel costs of each.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as clocks from '../src/base/clock.ts'
import type * as racsClients from '../src/client/racs.ts'
import type * as aes from '../src/globalplatform/aes.ts'
import type * as caps from '../src/globalplatform/cap/cap.ts'
import type * as demos from '../src/globalplatform/cap/demo.ts'
import type * as domains from '../src/globalplatform/domain.ts'
import type { Transmit, TransmitAll } from '../src/globalplatform/exchange.ts'
import type * as keys from '../src/globalplatform/keys.ts'
import type * as operations from '../src/globalplatform/operations.ts'
import type { SecurityLevel } from '../src/globalplatform/protection.ts'
import type * as scp03s from '../src/globalplatform/scp03.ts'
import type * as sessions from '../src/globalplatform/session.ts'
import type * as elements from '../src/simulator/remote-element.ts'
import { built } from './built.ts'
import { Child, operatorCredentials, startGateway } from './child.ts'
import { type Benchmark, median, type Pace, type Row, rowOf } from './row.ts'

const NAMES = {
  load: 'gp load: 22343 bytes over RACS',
  wrap33: 'gp command of 239 bytes: wrapped, level 33',
  wrap01: 'gp command of 239 bytes: wrapped, level 01',
} as const

export const globalplatform: Benchmark = {
  name: 'gp',
  rows: Object.values(NAMES),
  async run(pace) {
    return [
      await loads(pace),
      await wrapping(NAMES.wrap33, 0x33, pace),
      await wrapping(NAMES.wrap01, 0x01, pace),
    ]
  },
}

/** Two cards alike: one behind the gateway, one that is talked to directly. */
async function loads(pace: Pace): Promise<Row> {
  const { systemClock: clock } = await built<typeof clocks>('base/clock.js')
  const { RacsClient } = await built<typeof racsClients>('client/racs.js')
  const { RemoteElement } = await built<typeof elements>('simulator/remote-element.js')
  const directory = mkdtempSync(join(tmpdir(), 'iose-bench-gp-'))
  const [behind, bare] = [join(directory, 'behind'), join(directory, 'bare')]
  await using cardProcess = new Child('gp-cards.ts')
  await cardProcess.ask({ paths: [behind, bare], latencyMs: LATENCY_MS })
  const gateway = await startGateway(`[[slots]]\ndriver = "simulator"\nseid = "card"\nsocket = "${behind}"\n`)
  const element = new RemoteElement({
    ...{ name: 'bare', path: bare, clock },
    ...{ onArrive: () => undefined, onLeave: () => undefined },
  })
  await element.open()
  await element.reset('cold', clock.now() + PATIENCE_MS)
  const target = {
    host: '127.0.0.1',
    port: gateway.racsPort,
    servername: undefined,
    ...operatorCredentials(),
  }
  const client = await RacsClient.connect(target, { clock, deadline: clock.now() + PATIENCE_MS })
  await client.poweron('card', clock.now() + PATIENCE_MS)
  const loadFileData = await loadFile()
  const [wholeMs, sumMs]: [number[], number[]] = [[], []]
  const response = new Uint8Array(258)
  for (let round = 0; round < ROUNDS[pace]; round++) {
    const over = await loadOnce(
      (command) => client.apdu('card', command, { deadline: clock.now() + PATIENCE_MS }),
      loadFileData,
      (commands) => client.apdus('card', commands, clock.now() + PATIENCE_MS),
    )
    wholeMs.push(over.elapsedMs)
    const direct = await loadOnce(async (command) => {
      const length = await element.transmit(command, response, clock.now() + PATIENCE_MS)
      return response.slice(0, length)
    }, loadFileData)
    sumMs.push(direct.transmittedMs)
  }
  await client[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
  await element[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
  const remark = `reference: the element alone, ${LATENCY_MS} ms a command, sum of the same APDUs; aim: at most 1.05`
  return rowOf({ name: NAMES.load, unit: 'ms', samples: wholeMs, reference: median(sumMs), remark })
}

/** The demo package, its methods stretched to the length of the published tls_se.cap. */
async function loadFile(): Promise<Uint8Array> {
  const { demoCap } = await built<typeof demos>('globalplatform/cap/demo.js')
  const { readCap } = await built<typeof caps>('globalplatform/cap/cap.js')
  const { loadFileData } = await readCap(await demoCap())
  const components: Uint8Array[] = []
  for (let offset = 0; offset < loadFileData.length; ) {
    const length = 3 + new DataView(loadFileData.buffer, loadFileData.byteOffset).getUint16(offset + 1)
    const component = loadFileData.subarray(offset, offset + length)
    components.push(
      component[0] === METHOD ? stretched(component, LOAD_FILE_BYTES - loadFileData.length) : component,
    )
    offset += length
  }
  return Buffer.concat(components)
}

function stretched(component: Uint8Array, by: number): Uint8Array {
  const longer = Buffer.concat([component, new Uint8Array(by)])
  longer.writeUInt16BE(longer.length - 3, 1)
  return longer
}

/** Loads the package and deletes it again; only the loading is timed. */
async function loadOnce(transmit: Transmit, loadFileData: Uint8Array, transmitAll?: TransmitAll) {
  const { selectDomain } = await built<typeof domains>('globalplatform/domain.js')
  const { SecureSession } = await built<typeof sessions>('globalplatform/session.js')
  const { TEST_KEYS } = await built<typeof keys>('globalplatform/keys.js')
  const { loadPackage, remove } = await built<typeof operations>('globalplatform/operations.js')
  let transmittedMs = 0
  const timed: Transmit = async (command) => {
    const start = performance.now()
    const answer = await transmit(command)
    transmittedMs += performance.now() - start
    return answer
  }
  const domain = await selectDomain(timed)
  const session = await SecureSession.open(timed, {
    ...{ keys: TEST_KEYS, diversification: 'none', keyVersion: 0, level: 'best', allows: 'SCP03' },
    hostChallenge: randomBytes(8),
  })
  const aid = Uint8Array.of(1, 2, 3, 4, 5)
  transmittedMs = 0
  const start = performance.now()
  await loadPackage(session, { package: aid, domain: domain.aid, loadFileData, transmitAll })
  const times = { elapsedMs: performance.now() - start, transmittedMs }
  await remove(session, aid, 'alone')
  return times
}

/** Against the ciphers alone, over as many bytes. */
async function wrapping(name: string, level: SecurityLevel, pace: Pace): Promise<Row> {
  const { Scp03 } = await built<typeof scp03s>('globalplatform/scp03.js')
  const { TEST_KEYS } = await built<typeof keys>('globalplatform/keys.js')
  const { cmac, encryptCbc, encryptBlock, NO_IV } = await built<typeof aes>('globalplatform/aes.js')
  const zeroes = (length: number): Uint8Array => new Uint8Array(length)
  const card = {
    ...({ protocol: 'SCP03', i: 0x70, keyVersion: 0xff, counter: undefined } as const),
    ...{ challenge: zeroes(8), cryptogram: zeroes(8), diversification: zeroes(10) },
  }
  const scp = new Scp03({ keys: TEST_KEYS, hostChallenge: zeroes(8), card, level })
  const [data, block, key] = [zeroes(239), zeroes(240), TEST_KEYS.enc]
  const isFull = level === 0x33
  const ours = (): void => {
    scp.wrap({ ins: 0xe8, p1: 0, p2: 0, data })
  }
  const floor = (): void => {
    cmac(key, block)
    if (isFull) encryptCbc(key, encryptBlock(key, NO_IV), block)
  }
  const samples = timesOf(ours, BATCHES[pace])
  const reference = median(timesOf(floor, BATCHES[pace]))
  return rowOf({ name, unit: 'us', samples, reference, remark: 'reference: its ciphers alone' })
}

function timesOf(call: () => void, batches: number): number[] {
  return Array.from({ length: batches }, () => {
    const start = performance.now()
    for (let n = 0; n < BATCH; n++) call()
    return (1000 * (performance.now() - start)) / BATCH
  })
}

const LOAD_FILE_BYTES = 22_343
/** What a present-day element takes for a command of 255 bytes, about. */
const LATENCY_MS = 15
const METHOD = 0x07
const PATIENCE_MS = 10_000
const ROUNDS = { full: 5, quick: 1 }
const BATCH = 1_000
const BATCHES = { full: 20, quick: 2 }
