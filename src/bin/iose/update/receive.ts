// `iose update receive`: root's side of an update that an operator uploads to the status page.

import { setTimeout } from 'node:timers/promises'
import { codeOf, messageOf } from '../../../base/errors.ts'
import { PeerError } from '../../../net/errors.ts'
import { applyUpdate } from '../../../update/apply.ts'
import { UpdateError, type UpdateErrorCode } from '../../../update/errors.ts'
import { payloadBytes } from '../../../update/header.ts'
import { otherSlot } from '../../../update/layout.ts'
import type { Order } from '../../../update/orders.ts'
import { restartIntoUpdate } from '../../../update/waiting.ts'
import { CliError, EXIT, type ExitCode } from '../command.ts'
import { Caller } from './caller.ts'
import { applianceOf, checkFlags, noWord, type UpdateCall } from './options.ts'
import { rebootSoon, SOON_MS } from './reboot.ts'

export async function receive(call: UpdateCall): Promise<ExitCode> {
  checkFlags(call, 'receive', [])
  noWord(call)
  const caller = Caller.atStandardInput()
  let order: Order | undefined
  try {
    order = await caller.order()
    note(`${order.order} ordered by ${order.by}`)
    await (order.order === 'install' ? install(call, caller, order) : restart(call, caller))
    return EXIT.done
  } catch (error) {
    note(messageOf(error))
    await caller.end({ reply: 'refused', code: codeOf(error), cause: causeOf(error, order) })
    if (error instanceof UpdateError || error instanceof PeerError || error instanceof CliError)
      return EXIT.refused
    throw error
  }
}

async function install(
  call: UpdateCall,
  caller: Caller,
  { bytes }: Extract<Order, { order: 'install' }>,
): Promise<void> {
  const appliance = await applianceOf(call)
  const slot = otherSlot(appliance.slot)
  const { version } = await applyUpdate({
    ...{ appliance, bytes: caller.upload(bytes), now: () => new Date() },
    // Nobody who has only a token takes a machine back to holes that are mended.
    ...{ mode: 'install', downgrade: 'never' },
    onHeader: (header) =>
      caller.tell({ reply: 'accepted', version: header.version.text, slot, bytes: payloadBytes(header) }),
    onProgress: (phase, doneBytes) => caller.tell({ reply: 'progress', phase, bytes: doneBytes }),
  })
  note(`version ${version.text} is in slot ${slot}`)
  await caller.end({ reply: 'done', slot, version: version.text })
}

async function restart(call: UpdateCall, caller: Caller): Promise<void> {
  await restartIntoUpdate(await applianceOf(call), async ({ slot, version }) => {
    try {
      await rebootSoon()
    } catch (error) {
      throw new UpdateError('update.unanswered', 'the restart failed', { cause: error })
    }
    note(`restart into version ${version}, slot ${slot}`)
    await caller.end({ reply: 'done', slot, version })
    await setTimeout(SOON_MS)
  })
}

/** For an operator far away, who has the page and no shell. What our own bugs say is for the journal alone. */
function causeOf(error: unknown, order: Order | undefined): string {
  if (error instanceof UpdateError) {
    const next = order?.order === 'install' ? NEXT[error.code] : undefined
    return `${messageOf(error)}${next === undefined ? '' : `; ${next}`}`
  }
  return error instanceof CliError || error instanceof PeerError
    ? messageOf(error)
    : 'a bug of ours, see the journal'
}

function note(text: string): void {
  process.stderr.write(`iose update: ${text}\n`)
}

const NEXT: Readonly<Partial<Record<UpdateErrorCode, string>>> = {
  'update.malformed': 'get the file again; what runs now stays',
  'update.untrusted': 'get one that the maker of this machine has signed',
  'update.not-now': 'wait a few minutes for the health gate, or restart',
  'update.busy': 'wait until it is done',
  'update.disk': 'what runs now stays; if that happens again, replace the card',
}
