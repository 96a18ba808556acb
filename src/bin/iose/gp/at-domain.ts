// One session with the issuer security domain of an element, for one subcommand.

import { randomBytes } from 'node:crypto'
import { ClientError } from '../../../client/errors.ts'
import { type SelectedDomain, selectDomain } from '../../../globalplatform/domain.ts'
import { GlobalPlatformError } from '../../../globalplatform/errors.ts'
import type { Transmit } from '../../../globalplatform/exchange.ts'
import type { KeySet } from '../../../globalplatform/keys.ts'
import { SecureSession } from '../../../globalplatform/session.ts'
import { CliError } from '../command.ts'
import { cliErrorOf } from '../racs/explain.ts'
import { inSession, type Session } from '../racs/session.ts'
import { gpErrorOf } from './explain.ts'
import { keySetOf } from './key-set.ts'
import type { GpOrder } from './order.ts'

/** The selected domain, without keys. */
export interface AtDomain extends Session {
  readonly transmit: Transmit
  readonly domain: SelectedDomain
  /** What is known of the element, for people; whoever changes something keeps it true. */
  state: string
}

/** The same, authenticated. */
export interface InDomain extends AtDomain {
  readonly session: SecureSession
}

/**
 * Leases the element, selects its issuer security domain, lets `use` do its work, and gives the element back.
 * @throws CliError, with the state of the element
 */
export function atDomain<T>(order: GpOrder, use: (at: AtDomain) => Promise<T>): Promise<T> {
  const { seid } = order
  return inSession(order.shared, async (session) => {
    const { client, deadline } = session
    const transmit: Transmit = (command) => client.apdu(seid, command, { deadline: deadline() })
    const domain: SelectedDomain = NOT_YET
    const at: AtDomain & { domain: SelectedDomain } = { ...session, transmit, domain, state: AS_IT_WAS }
    try {
      await client.poweron(seid, deadline())
      at.domain = await selectDomain(transmit, order.domain)
      return await use(at)
    } catch (error) {
      if (isWrongTry(error)) at.state += await triesLeft(session, seid)
      throw withState(error, seid, at.state)
    }
  })
}

/**
 * As `atDomain`, and authenticates with the keys of `order`, or with others.
 * @throws CliError
 */
export function inDomain<T>(
  order: GpOrder,
  use: (at: InDomain) => Promise<T>,
  other?: { readonly keys: KeySet; readonly keyVersion: number },
): Promise<T> {
  const keys = other?.keys ?? keySetOf(order)
  return atDomain(order, async (at) => {
    const session = await SecureSession.open(at.transmit, {
      keys,
      diversification: other === undefined ? order.diversification : 'none',
      keyVersion: other?.keyVersion ?? order.keyVersion,
      level: order.level,
      allows: order.allows,
      counting: order.counting,
      hostChallenge: randomBytes(8),
      maxCommandBytes: at.domain.maxCommandBytes,
    })
    return use(Object.assign(at, { session }))
  })
}

/** Whether the gateway counts what has just failed, or the element may. */
function isWrongTry(error: unknown): boolean {
  if (!(error instanceof GlobalPlatformError)) return false
  return error.code === 'gp.wrong-keys' || error.refusal?.step === 'EXTERNAL AUTHENTICATE'
}

/** How many more the gateway lets pass; only the element itself knows how many it would. Empty if nobody says. */
async function triesLeft({ client, deadline }: Session, seid: string): Promise<string> {
  try {
    // The try is counted when it is given up.
    await client.shutdown(seid, deadline())
    const { failed, limit } = (await client.tries(seid, undefined, deadline())).authentication
    return ` Wrong keys in a row: ${failed}; after ${limit} the gateway refuses more.`
  } catch (error) {
    // Other gateways do not count.
    if (error instanceof ClientError) return ''
    throw error
  }
}

function withState(error: unknown, seid: string, state: string): unknown {
  if (error instanceof GlobalPlatformError) return gpErrorOf(error, seid, state)
  if (!(error instanceof ClientError)) return error
  const { exitCode, message } = cliErrorOf(error, seid)
  return new CliError(exitCode, `${message}\nState: ${state}`)
}

const AS_IT_WAS = 'the element is as it was.'
const NOT_YET: SelectedDomain = { aid: new Uint8Array(0), maxCommandBytes: 255, isLocked: false }
