// One session with the issuer security domain of an element, for one subcommand.

import { randomBytes } from 'node:crypto'
import { ClientError } from '../../../client/errors.ts'
import { type SelectedDomain, selectDomain } from '../../../globalplatform/domain.ts'
import { GlobalPlatformError } from '../../../globalplatform/errors.ts'
import type { Transmit, TransmitAll } from '../../../globalplatform/exchange.ts'
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
  /** Undefined where the gateway has no way to do it. */
  readonly transmitAll: TransmitAll | undefined
  readonly domain: SelectedDomain
  /** What is known of the element, for people; whoever changes something keeps it true. */
  state: string
}

/** The same, authenticated. */
export interface InDomain extends AtDomain {
  readonly session: SecureSession
  /** Selects the domain anew and opens another session, with the same keys. */
  reopen(): Promise<SecureSession>
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
    const at: Writable<AtDomain> = { ...session, transmit, transmitAll: undefined, domain, state: AS_IT_WAS }
    try {
      await client.poweron(seid, deadline())
      if ((await client.version(deadline())) === DRAFT_VERSION)
        // Each may take as long as one.
        at.transmitAll = (commands) =>
          client.apdus(seid, commands, deadline() + (commands.length - 1) * order.shared.timeoutMs)
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
    const open = (): Promise<SecureSession> =>
      SecureSession.open(at.transmit, {
        keys,
        diversification: other === undefined ? order.diversification : 'none',
        keyVersion: other?.keyVersion ?? order.keyVersion,
        level: order.level,
        allows: order.allows,
        counting: order.counting,
        hostChallenge: randomBytes(8),
        maxCommandBytes: at.domain.maxCommandBytes,
      })
    const reopen = async (): Promise<SecureSession> => {
      await selectDomain(at.transmit, at.domain.aid)
      return open()
    }
    return use(Object.assign(at, { session: await open(), reopen }))
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

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Only there can several APDUs be sent with a condition, and all of them be answered. */
const DRAFT_VERSION = '1.0'
const AS_IT_WAS = 'the element is as it was.'
const NOT_YET: SelectedDomain = { aid: new Uint8Array(0), maxCommandBytes: 255, isLocked: false }
