// Sockets that systemd listens on for us, so that nobody is refused while the gateway is restarted (sd_listen_fds(3)).

import type { Log } from '../../../base/log.ts'
import { ConfigError } from '../../../config/errors.ts'

/** File descriptors of listening sockets, by plane. */
export interface InheritedSockets {
  readonly tlsSe?: number
  readonly racs?: number
}

/**
 * What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES hand over: descriptors 3, 4 and so on, with a name each
 * (`FileDescriptorName=` of the socket unit). The variables are removed: they are not for our children.
 * @throws ConfigError config.invalid for a socket that belongs to no plane, or a second one for the same plane
 */
export function inheritedSockets(environment: NodeJS.ProcessEnv, pid: number): InheritedSockets {
  const { LISTEN_PID, LISTEN_FDS = '', LISTEN_FDNAMES = '' } = environment
  delete environment['LISTEN_PID']
  delete environment['LISTEN_FDS']
  delete environment['LISTEN_FDNAMES']
  // Somebody else's, who has started us without clearing them.
  if (LISTEN_PID !== String(pid)) return {}
  const count = /^\d{1,4}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : 0
  const names = LISTEN_FDNAMES.split(':')
  const sockets: { tlsSe?: number; racs?: number } = {}
  for (let index = 0; index < count; index++) {
    const name = names[index] ?? ''
    const plane = PLANES.get(name)
    if (plane === undefined) {
      const message = `systemd hands over a socket called '${name}'; FileDescriptorName= must be ${[...PLANES.keys()].join(' or ')}`
      throw new ConfigError('config.invalid', message)
    }
    if (sockets[plane] !== undefined) {
      const message = `systemd hands over two sockets called '${name}': one ListenStream= is enough, [::]:PORT takes IPv4 too`
      throw new ConfigError('config.invalid', message)
    }
    sockets[plane] = FIRST_FD + index
  }
  return sockets
}

/**
 * Says which planes listen on another port than the configuration has: the socket units are what counts.
 * @param addresses  `address:port` where they listen
 */
export function tellElsewhere(
  sockets: InheritedSockets,
  config: Readonly<Record<keyof InheritedSockets, { readonly port: number }>>,
  { addresses, log }: { addresses: Readonly<Record<keyof InheritedSockets, string>>; log: Log },
): void {
  for (const [name, plane] of PLANES) {
    const address = addresses[plane]
    const { port } = config[plane]
    if (sockets[plane] === undefined || address.endsWith(`:${port}`)) continue
    log.warn('plane.elsewhere', {
      plane: name,
      address,
      configured: port,
      advice: `systemctl edit iosed-${name}.socket`,
    })
  }
}

const PLANES: ReadonlyMap<string, keyof InheritedSockets> = new Map([
  ['tls-se', 'tlsSe'],
  ['racs', 'racs'],
])
/** SD_LISTEN_FDS_START */
const FIRST_FD = 3
