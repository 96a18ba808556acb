// The element that has the key: leased over RACS, or in a PC/SC reader of this machine, for as long as a handshake
// takes.

import { systemClock } from '../../../base/clock.ts'
import { messageOf } from '../../../base/errors.ts'
import { ClientError } from '../../../client/errors.ts'
import { type ApduChannel, openIdentityModule } from '../../../client/tls/identity-module.ts'
import type { PskHolder } from '../../../client/tls/secrets.ts'
import { RESPONSE_BYTES } from '../../../drivers/driver.ts'
import { PcscElement } from '../../../drivers/pcsc-element.ts'
import { defaultLibrary, loadLibrary } from '../../../drivers/pcsc-library.ts'
import { isSelectedBy } from '../../../drivers/pcsc-names.ts'
import type { CardLibrary } from '../../../drivers/pcsc-port.ts'
import { CliError, EXIT } from '../command.ts'
import { cliErrorOf } from '../racs/explain.ts'
import type { SharedOptions } from '../racs/options.ts'
import { inSession } from '../racs/session.ts'
import type { ModuleOrder } from './order.ts'
import { pinOf } from './pin.ts'

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
    throw new CliError(
      error.code === 'client.refused' ? EXIT.refused : EXIT.failed,
      `${name}: ${error.message}\nNext: give its PIN by --pin-file, and see that a key is in it: 0085000A23010020KEY, by iose racs run -.`,
    )
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

async function inReader<T>(
  selector: string,
  timeoutMs: number,
  serve: (channel: ApduChannel) => Promise<T>,
): Promise<T> {
  const library = await loadLibrary(defaultLibrary()).catch((error: unknown) => {
    throw unreachable(messageOf(error))
  })
  const reader = await readerOf(library, selector, timeoutMs)
  const element = new PcscElement({
    ...{ name: reader, session: library.open(reader), isFree: Promise.resolve(), clock: systemClock },
    onTaken: () => undefined,
  })
  const deadline = (): number => systemClock.now() + timeoutMs
  try {
    await element.reset('cold', deadline()).catch((error: unknown) => {
      throw unreachable(messageOf(error))
    })
    return await serve({
      async transmit(command) {
        const response = new Uint8Array(RESPONSE_BYTES)
        try {
          return response.slice(0, await element.transmit(command, response, deadline()))
        } catch (error) {
          throw new ClientError('client.transport', `the card in ${reader}: ${messageOf(error)}`, {
            cause: error,
          })
        }
      },
    })
  } finally {
    await element.powerOff().catch(() => undefined)
  }
}

/** The first reader of that name with a card. */
async function readerOf(library: CardLibrary, selector: string, timeoutMs: number): Promise<string> {
  const empty: string[] = []
  const found = await new Promise<string | undefined>((resolve, reject) => {
    const timer = systemClock.at(systemClock.now() + Math.min(timeoutMs, LOOKING_MS), () =>
      resolve(undefined),
    )
    const watch = library.watch({
      onReader({ reader, hasCard }) {
        if (!hasCard) empty.push(reader)
        else if (isSelectedBy(selector, reader)) settle(() => resolve(reader))
      },
      onRemoved: () => undefined,
      onLost: (cause) => settle(() => reject(unreachable(messageOf(cause)))),
    })
    const settle = (outcome: () => void): void => {
      timer.cancel()
      watch.close()
      outcome()
    }
  })
  if (found !== undefined) return found
  const seen = empty.length === 0 ? '' : `; empty: ${empty.join(', ')}`
  throw unreachable(`no card in a reader '${selector}'${seen}`)
}

function unreachable(cause: string): CliError {
  return new CliError(
    EXIT.failed,
    `--tls-im-reader: ${cause}\nNext: pcsc_scan shows readers and cards; pcscd must run.`,
  )
}

const LOOKING_MS = 2_000
