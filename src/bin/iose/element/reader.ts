// A card in a PC/SC reader of this machine.

import { FollowUp, type FollowUpAction, GENERAL_RULES } from '../../../apdu/follow-up.ts'
import { systemClock } from '../../../base/clock.ts'
import { CodedError, messageOf } from '../../../base/errors.ts'
import { ClientError } from '../../../client/errors.ts'
import type { ApduChannel } from '../../../client/tls/identity-module.ts'
import { RESPONSE_BYTES } from '../../../drivers/driver.ts'
import { LinkError } from '../../../drivers/errors.ts'
import { PcscElement } from '../../../drivers/pcsc-element.ts'
import { loadLibrary } from '../../../drivers/pcsc-library.ts'
import { isSelectedBy } from '../../../drivers/pcsc-names.ts'
import type { CardLibrary } from '../../../drivers/pcsc-port.ts'
import { CliError, EXIT } from '../command.ts'

/**
 * Powers the card on for `serve`, and off then.
 * @param selector   name or serial number of a reader, or a pattern of names
 * @param timeoutMs  for each command
 * @throws CliError for all that keeps us from a card in that reader
 */
export async function inReader<T>(
  selector: string,
  timeoutMs: number,
  serve: (channel: ApduChannel) => Promise<T>,
): Promise<T> {
  const element = await reached(selector)
  const deadline = (): number => systemClock.now() + timeoutMs
  try {
    await element.reset('cold', deadline()).catch((error: unknown) => {
      throw unreachable(messageOf(error))
    })
    return await serve({ transmit: (command) => transmit(element, command, deadline()) })
  } finally {
    await element.powerOff().catch(() => undefined)
  }
}

async function transmit(element: PcscElement, command: Uint8Array, deadline: number): Promise<Uint8Array> {
  const [data, response] = [new Uint8Array(MAX_DATA_BYTES), new Uint8Array(RESPONSE_BYTES)]
  const followUp = new FollowUp(data, GENERAL_RULES)
  try {
    followUp.start(command)
    const received = async (sent: Uint8Array): Promise<FollowUpAction> =>
      followUp.received(response.subarray(0, await element.transmit(sent, response, deadline)))
    let action = await received(command)
    while (action.kind === 'send') action = await received(action.command)
    return Uint8Array.of(...data.subarray(0, action.length), action.sw >> 8, action.sw & 0xff)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new ClientError('client.transport', error.message, { cause: error })
  }
}

async function reached(selector: string): Promise<PcscElement> {
  try {
    const library = await anyLibrary()
    const name = await readerOf(library, selector)
    const session = library.open(name)
    const isFree = Promise.resolve()
    return new PcscElement({ name, session, isFree, clock: systemClock, onTaken: () => undefined })
  } catch (error) {
    throw error instanceof LinkError ? unreachable(error.message) : error
  }
}

/** A program that ends soon wants smartcard: a watch of pcsclite that is closed early may keep a process from ending. */
async function anyLibrary(): Promise<CardLibrary> {
  try {
    return await loadLibrary('smartcard')
  } catch (error) {
    if (!(error instanceof LinkError)) throw error
    return loadLibrary('pcsclite')
  }
}

/** The first reader of that name with a card. */
async function readerOf(library: CardLibrary, selector: string): Promise<string> {
  const empty = new Set<string>()
  const found = await new Promise<string | undefined>((resolve, reject) => {
    let isSettled = false
    const settle = (outcome: () => void): void => {
      if (isSettled) return
      isSettled = true
      // Readers may be told of while the watch is being made.
      setImmediate(() => {
        timer.cancel()
        watch.close()
        outcome()
      })
    }
    const watch = library.watch({
      onReader({ reader, hasCard }) {
        if (!hasCard) empty.add(reader)
        else if (isSelectedBy(selector, reader)) settle(() => resolve(reader))
      },
      onRemoved: () => undefined,
      onLost: (cause) => settle(() => reject(unreachable(messageOf(cause)))),
    })
    const timer = systemClock.at(systemClock.now() + LOOKING_MS, () => settle(() => resolve(undefined)))
  })
  if (found !== undefined) return found
  const seen = empty.size === 0 ? '' : `; empty: ${[...empty].join(', ')}`
  throw unreachable(`no card in a reader '${selector}'${seen}`)
}

function unreachable(cause: string): CliError {
  return new CliError(
    EXIT.failed,
    `--tls-im-reader: ${cause}\nNext: pcsc_scan shows readers and cards; pcscd must run.`,
  )
}

/** All that is asked of it is shorter. */
const MAX_DATA_BYTES = 512
const LOOKING_MS = 2_000
