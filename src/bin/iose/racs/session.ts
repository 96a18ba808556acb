// One session with the gateway for one subcommand.

import { systemClock } from '../../../base/clock.ts'
import { ClientError } from '../../../client/errors.ts'
import { RacsClient } from '../../../client/racs.ts'
import type { Endpoint } from '../../../config/values.ts'
import { type Destination, destinationOf } from './destination.ts'
import { cliErrorOf, connectErrorOf } from './explain.ts'
import type { SharedOptions } from './options.ts'

export interface Session {
  readonly client: RacsClient
  /** When an answer to what is sent now must be there. */
  readonly deadline: () => number
}

/**
 * Connects, lets `use` do its work, and ends the session.
 * @param gateway  goes before that of `shared`
 * @throws CliError, ConfigError
 */
export async function inSession<T>(
  shared: SharedOptions,
  use: (session: Session) => Promise<T>,
  gateway?: Endpoint,
): Promise<T> {
  const destination = destinationOf(shared, gateway)
  if (!shared.isQuiet) warn(destination)
  await using client = await connected(destination, shared)
  try {
    return await use({ client, deadline: () => systemClock.now() + shared.timeoutMs })
  } catch (error) {
    throw error instanceof ClientError ? cliErrorOf(error, destination.name) : error
  }
}

/** @throws CliError */
export async function connected({ target, name }: Destination, shared: SharedOptions): Promise<RacsClient> {
  try {
    const deadline = systemClock.now() + shared.timeoutMs
    return await RacsClient.connect(target, { clock: systemClock, deadline })
  } catch (error) {
    throw error instanceof ClientError ? connectErrorOf(error, name) : error
  }
}

export function warn({ warnings }: Destination): void {
  for (const warning of warnings) process.stderr.write(`iose: warning: ${warning}\n`)
}
