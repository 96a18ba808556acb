// Whether the planes can listen where they shall. A free port is taken for a moment, which is the only way to know.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Config } from '../../../config/config.ts'
import { listenerOn, type PortHolder } from '../../iosed/port-holder.ts'
import type { Check } from './examine.ts'
import { type Finding, fine, warning, wrong } from './finding.ts'
import { codeOf } from './reading.ts'

/** Where a plane listens. */
export interface Plane {
  /** Of the configuration. */
  readonly table: string
  readonly host: string
  readonly port: number
  /** The gateway goes on without it if the port is taken. */
  readonly isOptional: boolean
}

type Holder = PortHolder & { readonly isGateway: boolean }

export function portChecks(config: Config): Check[] {
  return planesOf(config).map((plane) => ({
    name: CHECK,
    async look() {
      const obstacle = await obstacleToListen(plane)
      const known = obstacle === 'EADDRINUSE' ? listenerOn(plane.port) : undefined
      const holder = known && { ...known, isGateway: isGateway(known.pid) }
      return [portFinding(plane, obstacle, holder ?? (isServiceActive() ? 'service' : undefined))]
    },
  }))
}

export function planesOf({ tlsSe, racs, status }: Pick<Config, 'tlsSe' | 'racs' | 'status'>): Plane[] {
  return [
    { table: 'tls_se', host: tlsSe.host, port: tlsSe.port, isOptional: false },
    { table: 'racs', host: racs.host, port: racs.port, isOptional: false },
    { table: 'status', host: status.host, port: status.port, isOptional: status.isDefault },
  ]
}

/** The process of the gateway that has one of the ports; undefined without one, or when it is another user's. */
export function runningGateway(config: Config): number | undefined {
  const holders = planesOf(config).map(({ port }) => (port === 0 ? undefined : listenerOn(port)))
  return holders.find((holder) => holder !== undefined && isGateway(holder.pid))?.pid
}

/**
 * What is to be said of the place of a plane.
 * @param obstacle  the system's code for why one cannot listen there, if one cannot
 * @param holder    who has the port; undefined when that cannot be found out, 'service' when it cannot, for nobody may
 *                  look into its sandbox, but the service of the gateway runs
 */
export function portFinding(
  { table, host, port, isOptional }: Plane,
  obstacle: string | undefined,
  holder?: Holder | 'service',
): Finding {
  const place = `${table} ${host.includes(':') ? `[${host}]` : host}:${port}`
  const move = `\`listen\` of [${table}] in the configuration`
  switch (obstacle) {
    case undefined:
      return fine(CHECK, port === 0 ? `${place}, any that is free` : `${place} is free`)
    case 'EADDRINUSE':
      break
    case 'EACCES': {
      const meaning = 'ports below 1024 take a right of their own'
      const remedy = `AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or another port as ${move}`
      return wrong(CHECK, { found: `${place} is not permitted`, meaning, remedy })
    }
    case 'EADDRNOTAVAIL': {
      const found = `${place}: this machine has no such address`
      return wrong(CHECK, { found, remedy: `ip -brief address; then one of those as ${move}` })
    }
    default:
      return wrong(CHECK, { found: `${place} cannot be had: ${obstacle}`, remedy: `another one as ${move}` })
  }
  if (holder === undefined) {
    const found = `${place} is held by a process of another user`
    const meaning = 'if that is the gateway, all is well'
    return warning(CHECK, { found, meaning, remedy: `sudo ss -ltnp 'sport = :${port}'` })
  }
  if (holder === 'service') return fine(CHECK, `${place} is held, and the service iosed runs`)
  const name = `${holder.name} (pid ${holder.pid})`
  if (holder.isGateway) return fine(CHECK, `${place} is held by a gateway, ${name}`)
  if (holder.name === 'systemd') return fine(CHECK, `${place} is held by systemd, for the gateway`)
  const complaint = {
    found: `${place} is held by ${name}`,
    remedy: `kill ${holder.pid}, or another port as ${move}`,
  }
  if (!isOptional) return wrong(CHECK, complaint)
  return warning(CHECK, { ...complaint, meaning: 'the gateway goes on without its status plane' })
}

function obstacleToListen({ host, port }: Plane): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', (error) => resolve(codeOf(error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

function isServiceActive(): boolean {
  return spawnSync('systemctl', ['--quiet', 'is-active', 'iosed'], { timeout: 2_000 }).status === 0
}

/** By its command line. */
function isGateway(pid: number): boolean {
  try {
    const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return args.some((argument) => /(^|\/)iosed(\.[jt]s)?$/.test(argument))
  } catch {
    // It has ended meanwhile.
    return false
  }
}

const CHECK = 'port'
