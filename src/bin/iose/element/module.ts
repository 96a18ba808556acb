// The element that has the key: leased over RACS, or in a PC/SC reader of this machine, for as long as a handshake
// takes.

import { ClientError } from '../../../client/errors.ts'
import { type ApduChannel, openIdentityModule } from '../../../client/tls/identity-module.ts'
import type { PskHolder } from '../../../client/tls/secrets.ts'
import { CliError, EXIT } from '../command.ts'
import { cliErrorOf } from '../racs/explain.ts'
import type { SharedOptions } from '../racs/options.ts'
import { inSession } from '../racs/session.ts'
import type { ModuleOrder } from './order.ts'
import { pinOf } from './pin.ts'
import { inReader } from './reader.ts'

export interface ModuleUse {
  readonly identity: string
  readonly shared: SharedOptions
}

/**
 * Lets `use` work with the key in the element, and frees the element then.
 * @throws CliError, ClientError, ConfigError
 */
export async function withModule<T>(
  { place, pinFile }: ModuleOrder,
  { identity, shared }: ModuleUse,
  use: (psk: PskHolder) => Promise<T>,
): Promise<T> {
  const pin = pinOf(pinFile)
  const name = 'reader' in place ? `the card in reader ${place.reader}` : `element ${place.seid}`
  const serve = async (channel: ApduChannel): Promise<T> => {
    const psk = await own(name, openIdentityModule(channel, { identity, pin }))
    return use({
      identity,
      binder: (hash) => own(name, psk.binder(hash)),
      handshakeSecret: (shared) => own(name, psk.handshakeSecret(shared)),
    })
  }
  if ('reader' in place) return inReader(place.reader, shared.timeoutMs, serve)
  return overRacs(place.seid, shared, serve)
}

/** Tells errors of this element from those of the other one, to which the session is opened. */
async function own<T>(name: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    if (error.status !== undefined) throw cliErrorOf(error, name)
    const isRefusal = error.code === 'client.refused'
    const next = isRefusal ? NEXT_REFUSED : 'see whether it is there: iose slots, or pcsc_scan for a reader.'
    throw new CliError(isRefusal ? EXIT.refused : EXIT.failed, `${name}: ${error.message}\nNext: ${next}`)
  }
}

async function overRacs<T>(
  seid: string,
  shared: SharedOptions,
  serve: (channel: ApduChannel) => Promise<T>,
): Promise<T> {
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined
  await inSession(shared, async ({ client, deadline }) => {
    await client.poweron(seid, deadline())
    const channel: ApduChannel = {
      transmit: (command) => client.apdu(seid, command, { more: '61', deadline: deadline() }),
    }
    outcome = await serve(channel).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
  })
  if (outcome === undefined) throw new RangeError('the session has no outcome')
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

const NEXT_REFUSED =
  'give its PIN by --pin-file, and see that a key is in it: 0085000A23010020KEY, by iose racs run -.'
