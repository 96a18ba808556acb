// The gateway's administration plane over a thousand elements without latency, and an echo server of node:tls that
// gives the same answers to the same clients, in one process.

import { constants } from 'node:crypto'
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import type * as failures from '../../src/access/failures.ts'
import type * as users from '../../src/access/user.ts'
import type * as clock from '../../src/base/clock.ts'
import { APDU_SCRATCH_BYTES, type SecureElement } from '../../src/drivers/driver.ts'
import type * as dialects from '../../src/racs/dialect.ts'
import type * as guards from '../../src/racs/guard.ts'
import type * as servers from '../../src/racs/server.ts'
import type * as inventories from '../../src/slots/inventory.ts'
import { slotEnvironment } from '../../test/support/slot-environment.ts'
import { built } from '../built.ts'
import { type Credentials, DATA, type Exchange, SEIDS } from '../racs-texts.ts'

type Order =
  /** Answered by the ports. */
  | { readonly listen: Credentials }
  /** What the echo server plays from now on. */
  | { readonly play: Exchange }
  /** Answered by the processor time that this process has used. */
  | { readonly report: 'cpuUs' }

let played: Exchange = { request: '', answer: '' }

process.on('message', (order: Order) => {
  carryOut(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function carryOut(order: Order): Promise<object> {
  if ('listen' in order) {
    return { gatewayPort: await startGateway(order.listen), echoPort: await startEcho(order.listen) }
  }
  if ('play' in order) {
    played = order.play
    return {}
  }
  const { user, system } = process.cpuUsage()
  return { cpuUs: user + system }
}

async function startGateway(credentials: Credentials): Promise<number> {
  const { systemClock } = await built<typeof clock>('base/clock.js')
  const { AccessPolicy } = await built<typeof users>('access/user.js')
  const { DIALECTS } = await built<typeof dialects>('racs/dialect.js')
  const { MemoryFailures } = await built<typeof failures>('access/failures.js')
  const { Guard } = await built<typeof guards>('racs/guard.js')
  const { RacsServer } = await built<typeof servers>('racs/server.js')
  const { Inventory } = await built<typeof inventories>('slots/inventory.js')
  const environment = slotEnvironment({ clock: systemClock, queueLength: 8 })
  const inventory = new Inventory(environment)
  for (const seid of SEIDS) {
    await inventory.arrive({ element: elementOf(seid), seid, aliases: [], maxRecordBytes: 1024 }, 'simulator')
  }
  const rules = { role: 'user', aids: undefined, filters: [], elements: new Map() } as const
  const policy = new AccessPolicy([
    { ...rules, name: 'star', cn: 'star', seids: '*' },
    { ...rules, name: 'named', cn: 'named', seids: SEIDS },
  ])
  const limits = { authentication: 3, verification: 2 }
  const guard = new Guard({ limits, store: new MemoryFailures(), log: environment.log })
  const plane = await RacsServer.listen(
    {
      ...{ host: '127.0.0.1', port: 0, handshakeTimeoutMs: 10_000, legacyRsa: false },
      ...{ maxConnections: 100, maxConnectionsPerAddress: 100 },
    },
    { ...credentials, crl: undefined },
    {
      ...{ ...environment, inventory, guard, dialect: DIALECTS.draft },
      limits: { idleTimeoutMs: 60_000, apduTimeoutMs: 10_000 },
      userOf: (identity) => policy.userOf(identity),
    },
  )
  return Number(plane.address.split(':').at(-1))
}

/** Mutual certificates and the suite that the gateway prefers. */
async function startEcho(credentials: Credentials): Promise<number> {
  const options: TlsOptions = {
    ...{ ...credentials, requestCert: true, rejectUnauthorized: true, noDelay: true },
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256',
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
  const server = createServer(options, play)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

function play(socket: TLSSocket): void {
  const answer = Buffer.from(played.answer, 'latin1')
  let received = 0
  socket.on('error', () => undefined).on('end', () => socket.end())
  socket.on('data', (chunk: Buffer) => {
    for (received += chunk.length; received >= played.request.length; received -= played.request.length) {
      socket.write(answer)
    }
  })
}

function elementOf(name: string): SecureElement {
  return {
    ...{ name, scratch: new Uint8Array(APDU_SCRATCH_BYTES) },
    reset: () => Promise.resolve(ATR.slice()),
    transmit: (_command, response) => {
      response.set(ANSWER)
      return Promise.resolve(ANSWER.length)
    },
    powerOff: () => Promise.resolve(),
  }
}

// The one who wants to know has gone.
process.on('disconnect', () => process.exit())

/** Without historical bytes, hence without a name. */
const ATR = Uint8Array.of(0x3b, 0x00)
const ANSWER = Uint8Array.of(...DATA, 0x90, 0x00)
