// Binding an address, with a message for the operator when that cannot be done.

import { ConfigError } from '../../config/errors.ts'
import { holderOf } from './port-holder.ts'

/** Where a plane is to listen. */
interface Place {
  readonly host: string
  readonly port: number
  /** A socket of the service manager, instead. */
  readonly fd?: number | undefined
}

/**
 * What `bind` comes to.
 * @param table  of the configuration, for the message
 * @param fd     the socket that the service manager hands over for it, if it does
 * @throws ConfigError config.invalid, which names who holds the port
 */
export async function bound<Plane>(
  table: string,
  { host, port }: { host: string; port: number },
  fd: number | undefined,
  bind: (place: Place) => Promise<Plane>,
): Promise<Plane> {
  try {
    return await bind({ host, port, fd })
  } catch (error) {
    throw new ConfigError('config.invalid', obstacle(table, { host, port, fd }, error), { cause: error })
  }
}

function obstacle(table: string, { host, port, fd }: Place, error: unknown): string {
  if (fd !== undefined) return `${table}: what systemd hands over for it is no listening TCP socket`
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  const holder = taken ? ` held by ${holderOf(port) ?? 'a process of another user'}` : ''
  return `${table}.listen: cannot bind ${host}:${port}${holder}`
}
