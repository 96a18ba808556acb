// Puts the gateway together from its configuration, and takes it apart again.

import { join } from 'node:path'
import type { Identity, User } from '../../access/user.ts'
import { type Clock, sleepUntil, systemClock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { Events } from '../../base/events.ts'
import type { Log } from '../../base/log.ts'
import { written } from '../../base/written.ts'
import type { Config } from '../../config/config.ts'
import { ConfigError } from '../../config/errors.ts'
import { labelOf } from '../../config/slots.ts'
import { stateDirOf } from '../../config/state-dir.ts'
import type { Arrival, Driver, RunningCall, SecureElement } from '../../drivers/driver.ts'
import { LinkError } from '../../drivers/errors.ts'
import type { Panel, PanelEnvironment } from '../../panel/panel.ts'
import { DIALECTS } from '../../racs/dialect.ts'
import { Guard, type GuardOptions } from '../../racs/guard.ts'
import { RacsServer } from '../../racs/server.ts'
import type { SlotEvent, SlotReport } from '../../slots/events.ts'
import { Inventory } from '../../slots/inventory.ts'
import { Poller } from '../../slots/poller.ts'
import { Health } from '../../status/health.ts'
import { Metrics } from '../../status/metrics/metrics.ts'
import { Sessions } from '../../status/sessions.ts'
import { TlsSeServer } from '../../tlsse/server.ts'
import { refusedConfiguration, updateFacts } from './appliance-facts.ts'
import { AuditObserver } from './audit-observer.ts'
import { openTrail } from './audit-trail.ts'
import { openBindings } from './bindings-file.ts'
import { boardPicture } from './board-picture.ts'
import { bound } from './bound.ts'
import { openDriver } from './catalog.ts'
import { expiriesOf } from './expiries.ts'
import { openPanel } from './front-panel.ts'
import { clockWords, landmarksOf, secondsBehind, soundTime } from './landmarks.ts'
import { checkOpenFiles } from './limits.ts'
import { MediumWatch } from './medium-wear.ts'
import { observersOf } from './observers.ts'
import { ensureRacsFiles, racsFilePath, readRacsFiles } from './racs-files.ts'
import { RenewalWatch, renewCertificates } from './renewal.ts'
import type { InheritedSockets } from './service/sockets.ts'
import { slotActions } from './slot-actions.ts'
import { openStatus } from './status-plane.ts'
import { openTries } from './tries-file.ts'
import { wiringsOf } from './wirings.ts'

/** A gateway that runs. */
export interface Gateway {
  /** Plane -> `address:port`. */
  readonly addresses: { readonly tlsSe: string; readonly racs: string; readonly status: string | undefined }
  /** What is under way on the buses and in the readers. */
  readonly calls: () => readonly RunningCall[]
  /** Slots and sessions in a few words, for whoever looks at the service. */
  summary(): string
  /** Reads users, certificates and revocation list again; sessions go on. Bad files leave everything as it is. */
  reload(): Promise<void>
  /**
   * Lets sessions end by themselves for `drain_ms`, ends the others, resets the elements, closes the drivers. Resolves
   * within `STOP_MS`, come what may.
   * @returns false when something was not over by then
   */
  close(): Promise<boolean>
}

/**
 * Opens the drivers, waits a moment for the elements that are there, and listens.
 * @throws ConfigError when an address cannot be bound, or a file cannot be used
 */
export async function startGateway(
  config: Config,
  { log, version, sockets = {} }: { log: Log; version: string; sockets?: InheritedSockets },
): Promise<Gateway> {
  const clock = systemClock
  const stateDir = stateDirOf(config.gateway.stateDir, process.env)
  checkOpenFiles(config.tlsSe.maxConnections + config.racs.maxConnections, log)
  await ensureRacsFiles(config.racs, stateDir, log)
  const landmarks = landmarksOf(racsFilePath(config.racs, stateDir, 'cert'))
  await renewCertificates({ stateDir, log, wallNow: () => soundTime(Date.now(), landmarks) })
  let { credentials, policy } = readRacsFiles(config.racs, stateDir, log)
  let expiries = expiriesOf(credentials)
  if (config.racs.legacyRsa) log.warn('racs.legacy-enabled', { advice: 'TLS without forward secrecy' })
  const bindings = await openBindings(join(stateDir, 'bindings.json'))
  const failures = await openTries(join(stateDir, 'tries.json'))
  // Once every file has been read: from here on this gateway has the state directory.
  const trail = await openTrail(config, stateDir, { clock, log, version, wallNow: Date.now, landmarks })
  const events = new Events<SlotEvent>()
  const audit = new AuditObserver(trail, events, { clock, wallNow: Date.now })
  const { pollMs, maxResetsPerMinute } = config.health
  const environment = { clock, log, events, queueLength: config.tlsSe.queueLength, maxResetsPerMinute }
  const inventory = new Inventory(environment, bindings, config.pools)
  const report = (): SlotReport[] => inventory.slots.map((slot) => slot.report)
  const medium = new MediumWatch(stateDir, () => clock.now())
  const metrics = new Metrics({
    ...{ version, stateDir, report, expiries: () => expiries },
    flash: { written: () => written, medium: () => medium.wear() },
    wires: () => drivers.flatMap(({ wires = [] }) => wires),
    connections: () => ({ tls_se: tlsSe.connections, racs: racs.connections }),
  })
  const stoppedHelp = 'Whether the audit log cannot be written, and so nothing is done.'
  metrics.gauge('iose_audit_stopped', stoppedHelp, () => (audit.isStopped ? 1 : 0))
  const behind = (): number => secondsBehind(Date.now(), trail.landmarks)
  const behindHelp = 'How far the clock is behind what is past for certain; 0 when it can be right.'
  metrics.gauge('iose_clock_behind_seconds', behindHelp, behind)
  events.subscribe((event) => metrics.onSlot(event))
  const guard = new Guard({
    ...{ limits: triesOf(config.guard), store: failures, log },
    onTry: (kind, outcome) => metrics.onTry(kind, outcome),
  })
  const sessions = new Sessions(Date.now)
  const observer = observersOf(audit, metrics.observer, sessions)
  const front = await openFront(config, { clock, log, events, slotOf: (seid) => inventory.bySeid(seid) })
  const drivers = await openDrivers(config, { clock, log, inventory })
  const { dialect, idleTimeoutMs, apduTimeoutMs } = config.racs
  const limits = { idleTimeoutMs, apduTimeoutMs }
  const userOf = (identity: Identity): User | undefined => policy.userOf(identity)
  const clockFault = (): string | undefined => clockWords(Date.now(), trail.landmarks)
  const plane = {
    ...{ clock, log, inventory, guard, observer, dialect: DIALECTS[dialect], limits, userOf, clockFault },
  }
  const racs = await bound('racs', config.racs, sockets.racs, (place) =>
    RacsServer.listen({ ...config.racs, ...place }, credentials, plane),
  )
  const tlsSe = await bound('tls_se', config.tlsSe, sockets.tlsSe, (place) =>
    TlsSeServer.listen({ ...config.tlsSe, ...place }, { clock, log, inventory, observer }),
  )
  const health = new Health({
    slots: () => inventory.slots,
    planes: () => [
      { name: 'tls_se', isAccepting: tlsSe.isAccepting },
      { name: 'racs', isAccepting: racs.isAccepting },
    ],
    uptimeMs: () => process.uptime() * 1000,
    problems: () => (audit.isStopped ? ['the audit log cannot be written: nothing is done unrecorded'] : []),
    extra: () => ({ audit_head: trail.head(), clock_behind_s: behind() }),
  })
  const status = await openStatus(config.status, stateDir, {
    ...{ clock, log, events, report, wallNow: Date.now, sessions, observer, health, metrics },
    designators: designatorsOf(config.slots),
    wirings: wiringsOf(config.slots),
    board: boardPicture(config.board),
    actions: slotActions((seid) => inventory.slots.find((slot) => slot.seid === seid)),
    updates: { path: UPDATE_SOCKET },
    gateway: {
      ...{ name: config.gateway.name, version, tlsSe: tlsSe.address, racs: racs.address },
      ...{ update: () => updateFacts('/'), refusedConfiguration: () => refusedConfiguration('/') },
      clock: clockFault,
      flash: () => medium.words(),
    },
  })
  const crashed = (error: unknown): void => log.error('slot.crashed', { cause: messageOf(error) })
  const poller =
    pollMs === 0 ? undefined : new Poller({ clock, slots: () => inventory.slots, pollMs, crashed })
  const reload = async (): Promise<void> => {
    try {
      const files = readRacsFiles(config.racs, stateDir, log)
      racs.reload(files.credentials)
      ;({ credentials, policy } = files)
      expiries = expiriesOf(credentials)
      log.info('config.reloaded')
      await trail.note('config.reloaded')
    } catch (error) {
      log.error('config.reload-failed', {
        cause: messageOf(error),
        advice: 'what was read before holds on',
      })
    }
  }
  const renewal = new RenewalWatch({
    ...{ clock, stateDir, log, renewed: reload },
    wallNow: () => soundTime(Date.now(), trail.landmarks),
  })
  return {
    reload,
    calls: () => drivers.flatMap((driver) => driver.calls?.() ?? []),
    summary: () => summaryOf(report(), tlsSe.connections, racs.connections),
    addresses: { tlsSe: tlsSe.address, racs: racs.address, status: status?.address },
    async close() {
      health.drain()
      const drainedAt = clock.now() + config.gateway.drainMs
      const expiresAt = clock.now() + STOP_MS
      poller?.[Symbol.dispose]()
      renewal[Symbol.dispose]()
      await Promise.race([Promise.all([tlsSe.drain(), racs.drain()]), sleepUntil(clock, drainedAt)])
      inventory.revokeAll('the gateway is stopping')
      const parts = [...drivers, ...(front === undefined ? [] : [front])]
      const drained = Promise.all([tlsSe.close(), racs.close()])
        .then(() => Promise.all(parts.map((part) => part[Symbol.asyncDispose]())))
        // Last: all that was done is in it.
        .then(() => audit.flush())
        .then(() => trail.note('gateway.stopped'))
        .then(() => trail[Symbol.asyncDispose]())
      const isDrained = await Promise.race([
        drained.then(() => true),
        sleepUntil(clock, expiresAt).then(() => false),
      ])
      // Last: until then whoever asks is told that the gateway drains.
      await status?.close()
      const connections = tlsSe.connections + racs.connections
      if (!isDrained) log.warn('gateway.drain-expired', { connections })
      return isDrained
    },
  }
}

/** What the board's print calls the places of elements, by SEID. */
function designatorsOf(slots: Config['slots']): ReadonlyMap<string, string> {
  const entries = slots.flatMap((slot): [string, string][] => {
    if (slot.driver === 'sim-array' || slot.seid === undefined) return []
    const { designator } = slot.front
    return designator === undefined ? [] : [[slot.seid, designator]]
  })
  return new Map(entries)
}

/** `5 slots: 4 ready, 1 leased; 1 TLS-SE and 0 RACS clients` */
function summaryOf(rows: readonly SlotReport[], tlsSe: number, racs: number): string {
  const counts = new Map<string, number>()
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1)
  const states = [...counts].map(([state, count]) => `${count} ${state}`).join(', ')
  return `${rows.length} slots: ${states || 'none yet'}; ${tlsSe} TLS-SE and ${racs} RACS clients`
}

function triesOf({
  maxFailedAuthentications,
  maxFailedVerifications,
}: Config['guard']): GuardOptions['limits'] {
  return { authentication: maxFailedAuthentications, verification: maxFailedVerifications }
}

async function openFront(config: Config, environment: PanelEnvironment): Promise<Panel | undefined> {
  try {
    return await openPanel(config, environment)
  } catch (error) {
    if (!(error instanceof LinkError)) throw error
    throw new ConfigError('config.missing', 'the lines of the front panel', { cause: error })
  }
}

async function openDrivers(
  { gateway, panel, slots }: Config,
  { clock, log, inventory }: { clock: Clock; log: Log; inventory: Inventory },
): Promise<Driver[]> {
  const surroundings = { stateDir: stateDirOf(gateway.stateDir, process.env), gpio: panel.gpio }
  const arrivals: Promise<void>[] = []
  let isOpen = false
  const environment = {
    clock,
    log,
    onLeave: (element: SecureElement, cause: string) => inventory.leave(element, cause),
  }
  const onArrive = (kind: string) => (arrival: Arrival) => {
    const arrived = inventory.arrive(arrival, kind).catch((error: unknown) => {
      log.error('slot.crashed', { cause: messageOf(error) })
    })
    if (!isOpen) arrivals.push(arrived)
  }
  const drivers = await Promise.all(
    slots.map((slot) =>
      openDriver(slot, surroundings, { ...environment, onArrive: onArrive(slot.driver) }).catch(
        (error: unknown) => {
          if (!(error instanceof LinkError)) throw error
          throw new ConfigError('config.missing', labelOf(slot), { cause: error })
        },
      ),
    ),
  )
  // An element that is slow or mute must not keep the others off the network.
  isOpen = true
  await Promise.race([Promise.all(arrivals), sleepUntil(clock, clock.now() + ARRIVAL_GRACE_MS)])
  return drivers
}

/** Of iose-update.socket, on an appliance. */
const UPDATE_SOCKET = '/run/iose-update.sock'

/** How long the first elements may take before the planes listen without them. */
const ARRIVAL_GRACE_MS = 250

/** How long the end may take, draining included. */
const STOP_MS = 5_000
