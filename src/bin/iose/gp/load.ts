// `iose gp load`

import { hexOf } from '../../../base/hex.ts'
import type { CapFile } from '../../../globalplatform/cap/cap.ts'
import { loadBlockCount } from '../../../globalplatform/content.ts'
import { GlobalPlatformError } from '../../../globalplatform/errors.ts'
import { loadPackage } from '../../../globalplatform/operations.ts'
import { readRegistry } from '../../../globalplatform/registry.ts'
import type { SecureSession } from '../../../globalplatform/session.ts'
import { type CliCommand, CliError, EXIT, misuse } from '../command.ts'
import { SHARED_HELP, textOf } from '../racs/options.ts'
import { printJson, printLine } from '../racs/output.ts'
import { type InDomain, inDomain } from './at-domain.ts'
import { capIn, capJson, printCap } from './cap.ts'
import { checkPositionals, type GpOrder, gpOrderOf, KEY_HELP } from './order.ts'
import { progressBar } from './progress.ts'

export const load: CliCommand = {
  summary: 'load a package (CAP file) onto an element',
  help: `Usage: iose gp load CAP --seid SEID (--key-set FILE | --test-keys) [flags]

Checks a CAP file, and loads its package onto an element. Applications are then made of it by iose gp install.
--dry-run prints what is in the file, and does not ask for the element at all.

  --block-bytes N      data of one LOAD; default: as much as the element takes
${KEY_HELP}
${SHARED_HELP}
Example: iose gp load demo.cap --seid sim5 --test-keys
`,
  async run(args) {
    const order = gpOrderOf(args, USAGE, { 'block-bytes': { type: 'string' } })
    checkPositionals(order, USAGE, 1)
    const cap = await capIn(order.positionals[0] ?? '')
    const blockBytes = blockBytesOf(order)
    if (order.isDryRun) {
      if (order.shared.isJson) printJson(capJson(cap))
      else printCap(cap)
      return EXIT.done
    }
    await inDomain(order, (at) => loadInto(at, cap, { order, blockBytes }))
    const aid = hexOf(cap.package.aid)
    if (order.shared.isJson) printJson({ seid: order.seid, ...capJson(cap) })
    else if (!order.shared.isQuiet) printLine(`${aid} is on ${order.seid}: ${cap.loadFileData.length} bytes`)
    return EXIT.done
  },
}

async function loadInto(
  at: InDomain,
  cap: CapFile,
  { order, blockBytes }: { order: GpOrder; blockBytes: number | undefined },
): Promise<void> {
  const { session, domain } = at
  const aid = hexOf(cap.package.aid)
  if (await isLoaded(session, aid)) {
    const next = `iose gp delete ${aid} --related makes room for it, and deletes its applications; iose gp list shows them.`
    throw new CliError(
      EXIT.refused,
      `${order.seid}: a package ${aid} is on the element already\nState: the element is as it was.\nNext: ${next}`,
    )
  }
  // Before the first command that changes something.
  loadBlockCount(cap.loadFileData.length, Math.min(blockBytes ?? Infinity, session.maxDataBytes))
  at.state =
    `loading of ${aid} was not confirmed to its end; of a package in part nothing can be used, and the element drops it. ` +
    `If iose gp list shows it, it is complete.`
  const bar = progressBar(`loading ${aid}`, order.shared.isQuiet)
  try {
    await loadPackage(session, {
      package: cap.package.aid,
      domain: domain.aid,
      loadFileData: cap.loadFileData,
      blockBytes,
      transmitAll: at.transmitAll,
      onProgress: (done, total) => bar.step(done, total),
    })
  } catch (error) {
    if (error instanceof GlobalPlatformError && error.code === 'gp.refused')
      at.state = await stateAfter(at, aid)
    throw error
  } finally {
    bar.end()
  }
  at.state = `${aid} is on the element.`
}

async function isLoaded(session: SecureSession, aid: string): Promise<boolean> {
  const packages = (await readRegistry(session, 'packages')) ?? []
  return packages.some((entry) => entry.aid === aid)
}

/** What the element itself says about it, in a session of its own: the one before may be out of step. */
async function stateAfter(at: InDomain, aid: string): Promise<string> {
  try {
    return (await isLoaded(await at.reopen(), aid))
      ? `the package ${aid} is on the element; iose gp delete ${aid} --related removes it.`
      : `the package ${aid} is not on the element; nothing else has changed.`
  } catch (error) {
    if (error instanceof GlobalPlatformError) return at.state
    throw error
  }
}

function blockBytesOf({ flags }: GpOrder): number | undefined {
  const text = textOf(flags, 'block-bytes')
  if (text === undefined) return undefined
  const bytes = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (bytes < 16 || bytes > 247) throw misuse(`--block-bytes ${text}: 16 to 247`)
  return bytes
}

const USAGE = 'load CAP --seid SEID (--key-set FILE | --test-keys)'
