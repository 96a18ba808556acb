// The user becomes the only owner: the element gets a key that nobody else knows (draft-urien-coinrg-iose, attestation
// procedure, step 12). The new key is kept before the element has it, so that no loss of power loses the element.

import { hexOf } from '../../base/hex.ts'
import { ClientError } from '../errors.ts'
import type { Ask, Evidence, Finding, Outlook, Procedure } from './procedure.ts'

export interface OwnershipOptions {
  /** The key of the session, 32 bytes. */
  readonly old: Uint8Array
  /** 32 random bytes. */
  readonly fresh: Uint8Array
  /** Where `keep` puts the new key, for people. */
  readonly place: string
  /** Stores the new key; once resolved it outlives a loss of power. @throws ClientError client.request */
  keep(): Promise<void>
  /** Ends the session, so that the element is free for the next one. */
  leave(): Promise<void>
  /** Whether a session can be opened with this key. @throws ClientError when that is not known */
  opens(psk: Uint8Array): Promise<boolean>
}

/** @param procedure  attestation in the same session, which has passed */
export async function takeOwnership(
  procedure: Procedure,
  ask: Ask,
  options: OwnershipOptions,
): Promise<void> {
  const { old, fresh, place } = options
  const isKept = await procedure.check('new-key-kept', UNCHANGED, async (evidence) => {
    evidence['file'] = place
    await options.keep()
    return { value: true }
  })
  if (isKept === undefined) return
  const uncertain: Outlook = {
    state: `the element has the old key or the new one, which is in ${place}`,
    next: `try both: iose call URI ?00 --psk-file ${place}, then the same with the old key. Keep both until one opens.`,
  }
  const isReplaced = await procedure.check('key-replaced', uncertain, async (evidence) => {
    try {
      const answer = await ask(`?AA${hexOf(old)}${hexOf(fresh)}`)
      if (answer.toUpperCase() === hexOf(fresh)) return { value: true }
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      return settle(error, evidence, options)
    }
    return { why: 'the element does not confirm the new key' }
  })
  if (isReplaced === undefined) return
  await options.leave()
  const opensNow = await procedure.check('new-key-opens', uncertain, async () => {
    const isOpen = await options.opens(fresh)
    return isOpen ? { value: true } : { why: 'the new key opens no session' }
  })
  if (opensNow === undefined) return
  const owned: Outlook = {
    state: `the element has the new key, which is in ${place} and nowhere else`,
    next: `keep ${place}, and a copy of it: without it the element is lost.`,
  }
  await procedure.check('old-key-refused', owned, async () => {
    const isOpen = await options.opens(old)
    return isOpen ? { why: 'the old key still opens a session', ...SHARED } : { value: true }
  })
  procedure.outlook = owned
}

/**
 * The session ended before the element confirmed: which key has it? Nothing is sent again. The new key is kept whatever
 * comes out: a refusal is not proven, and whoever knows the old key could answer in the place of the element.
 */
async function settle(
  cause: ClientError,
  evidence: Evidence,
  options: OwnershipOptions,
): Promise<Finding<boolean>> {
  evidence['lostAnswer'] = cause.message
  await options.leave()
  if (await options.opens(options.fresh)) return { value: true }
  if (!(await options.opens(options.old))) throw cause
  return {
    why: `the session ended before the key was replaced: ${cause.message}`,
    state: `the old key opens a session, the new one in ${options.place} does not`,
    next: `run this again with another file; keep ${options.place} until it has passed.`,
  }
}

const SHARED: Outlook = {
  state: 'the element takes both keys: it is not yours alone',
  next: 'do not trust it; its application does not do what it should.',
}
const UNCHANGED: Outlook = { state: 'the element has the old key', next: 'run this again.' }
