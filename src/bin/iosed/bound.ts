// Binding an address, with a message for the operator when that cannot be done.

import { ConfigError } from '../../config/errors.ts'
import { holderOf } from './port-holder.ts'

/**
 * What `bind` comes to.
 * @param table  of the configuration, for the message
 * @throws ConfigError config.invalid, which names who holds the port
 */
export async function bound<Plane>(
  table: string,
  { host, port }: { host: string; port: number },
  bind: () => Promise<Plane>,
): Promise<Plane> {
  try {
    return await bind()
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    const holder = taken ? ` held by ${holderOf(port) ?? 'a process of another user'}` : ''
    const message = `${table}.listen: cannot bind ${host}:${port}${holder}`
    throw new ConfigError('config.invalid', message, { cause: error })
  }
}
