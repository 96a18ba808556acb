// What changes the content of an element, whole operations: load, install, delete, new keys. Each command is sent once.
// An operation that does not come to its end says in what state the element is.

import { hexOf } from '../base/hex.ts'
import {
  deletion,
  type Installation,
  installForInstall,
  installForLoad,
  loadBlockCount,
  loadBlocks,
  type NewKeys,
  putKeys,
  putKeysAnswer,
} from './content.ts'
import { GlobalPlatformError, refused, type Step } from './errors.ts'
import type { TransmitAll } from './exchange.ts'
import type { PlainAnswer, PlainCommand } from './protection.ts'
import type { SecureSession } from './session.ts'

export interface Loading {
  /** AID of the package. */
  readonly package: Uint8Array
  /** AID of the security domain that it shall belong to. */
  readonly domain: Uint8Array
  readonly loadFileData: Uint8Array
  /** The longest data of one LOAD; as much as fits when undefined. */
  readonly blockBytes?: number | undefined
  /** Carries several blocks in one go; without it one goes after the other. */
  readonly transmitAll?: TransmitAll | undefined
  /** Called after blocks that the element has confirmed. */
  readonly onProgress?: (blocks: number, total: number) => void
}

/** A block size, and how many blocks that makes. @throws GlobalPlatformError gp.request */
export function planOf({ loadFileData, blockBytes = Infinity }: Loading, maxDataBytes: number) {
  const size = Math.min(blockBytes, maxDataBytes)
  return { blockBytes: size, blocks: loadBlockCount(loadFileData.length, size) }
}

/**
 * Loads a package: INSTALL [for load] and as many LOADs as it takes.
 * @throws GlobalPlatformError gp.refused with the status word; what the session throws
 */
export async function loadPackage(session: SecureSession, loading: Loading): Promise<void> {
  const { blockBytes, blocks } = planOf(loading, session.maxDataBytes)
  await confirmed(session, installForLoad(loading.package, loading.domain), 'INSTALL [for load]')
  const { transmitAll } = loading
  const commands = [...loadBlocks(loading.loadFileData, blockBytes)]
  const together = transmitAll === undefined ? 1 : MAX_TOGETHER
  for (let done = 0; done < blocks; ) {
    const answers = await session.sendAll(commands.slice(done, done + together), transmitAll)
    const last = answers.at(-1)
    if (last === undefined) throw new GlobalPlatformError('gp.malformed', 'LOAD: no answer')
    done += answers.length
    if (last.sw !== SW_OK) throw refused('LOAD', last.sw, `, block ${done} of ${blocks}`)
    loading.onProgress?.(done, blocks)
  }
}

/** Makes an instance of a module that was loaded, and makes it selectable. @throws as `loadPackage` */
export async function install(session: SecureSession, installation: Installation): Promise<void> {
  await confirmed(session, installForInstall(installation), 'INSTALL [for install]')
}

/** Deletes an application or a package. @throws as `loadPackage` */
export async function remove(
  session: SecureSession,
  aid: Uint8Array,
  scope: 'alone' | 'related',
): Promise<void> {
  await confirmed(session, deletion(aid, scope), 'DELETE')
}

/**
 * Puts a set of keys on the element, and compares what it says of them.
 * @throws as `loadPackage`; gp.malformed when the element confirms other keys than were sent
 */
export async function replaceKeys(session: SecureSession, fresh: NewKeys): Promise<void> {
  const command = putKeys(fresh, (key) => session.keyData(key))
  const { data } = await confirmed(session, command, 'PUT KEY')
  const expected = putKeysAnswer(fresh)
  // Some elements answer nothing, or less than all.
  if (data.length > 0 && Buffer.compare(data, expected.subarray(0, data.length)) !== 0) {
    const message = `PUT KEY: the element confirms ${hexOf(data)} instead of ${hexOf(expected)}`
    throw new GlobalPlatformError('gp.malformed', message)
  }
}

async function confirmed(session: SecureSession, command: PlainCommand, step: Step): Promise<PlainAnswer> {
  const answer = await session.send(command)
  if (answer.sw !== SW_OK) throw refused(step, answer.sw)
  return answer
}

const SW_OK = 0x9000
/** Enough that the way there and back costs nothing, few enough that somebody sees them go on. */
const MAX_TOGETHER = 8
