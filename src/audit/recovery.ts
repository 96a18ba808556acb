// What a log that is opened again ends with: where its chain goes on, and what a crash has left behind.

import { join } from 'node:path'
import { BEFORE_FIRST, type Chain, type Link, textOn } from './chain.ts'
import { AuditError } from './errors.ts'
import { fileName, type LogDirectory, numberOf } from './files.ts'
import { readLines, type Tail } from './lines.ts'
import { recordOf } from './record.ts'
import { type Fault, Walk } from './walk.ts'

export interface Ending {
  readonly link: Link
  /** When the last record was made, ISO 8601; undefined when there is none. */
  readonly at: string | undefined
  /** Number of the file to go on with; 0: there is none yet. */
  readonly number: number
  /** Its length up to the last whole line. */
  readonly bytes: number
  /** What follows that: a record that was being written when process or power went. Nobody was told it was written. */
  readonly tornBytes: number
  /** As the log calls itself; undefined for a new one. */
  readonly identity: Identity | undefined
}

/** Which log it is. */
export interface Identity {
  readonly id: string
  readonly name: string
}

/**
 * Reads the last file of the log, and changes nothing. Files before it are only read when a crash has left that one
 * without a record; `verifyLog` reads all.
 * @throws AuditError audit.damaged when there is more wrong than a torn last line, audit.key when the key does not fit;
 *   the system's error
 */
export async function endingOf(directory: LogDirectory, chain: Chain): Promise<Ending> {
  const names = await directory.list()
  const [before, last] = names.slice(-2).length === 2 ? names.slice(-2) : [undefined, names[0]]
  if (last === undefined) return NEW
  const number = numberOf(last) ?? 0
  const { tail, ...rest } = await walked(directory, last, chain)
  const torn = { number, bytes: tail.offset, tornBytes: tail.bytes }
  if (rest.identity !== undefined) return { ...rest, ...torn }
  if (number === 1) return { ...NEW, ...torn }
  if (before === undefined || before !== fileName(number - 1)) {
    const path = join(directory.path, last)
    throw new AuditError('audit.damaged', `${path}: no record in it, and the file before it is missing`)
  }
  const earlier = await walked(directory, before, chain)
  if (earlier.tail.bytes > 0) {
    const path = join(directory.path, before)
    throw new AuditError('audit.damaged', `${path}: its last line is cut, and it is not the last file`)
  }
  return { link: earlier.link, at: earlier.at, identity: earlier.identity, ...torn }
}

type Walked = Pick<Ending, 'link' | 'at' | 'identity'> & { readonly tail: Tail }

async function walked(directory: LogDirectory, name: string, chain: Chain): Promise<Walked> {
  const path = join(directory.path, name)
  const walk = new Walk(chain)
  walk.beginFile(numberOf(name) ?? 0)
  let [line, fault, identity]: [number, Fault | undefined, Identity | undefined] = [0, undefined, undefined]
  const tail = await readLines(path, (bytes) => {
    line++
    fault = walk.step(bytes)
    if (line === 1 && fault === undefined) identity = identityOn(bytes)
    return fault === undefined
  })
  // The compiler does not see that the function above assigns.
  const found = fault as Fault | undefined
  if (found !== undefined) {
    const code = found.kind === 'unkeyed' ? 'audit.key' : 'audit.damaged'
    throw new AuditError(code, `${path}:${line}: ${found.text}`)
  }
  return { link: { sequence: walk.sequence, hash: walk.hash }, at: walk.last?.at, identity, tail }
}

function identityOn(line: Buffer): Identity {
  const { id, name } = recordOf(textOn(line))?.fields ?? {}
  return { id: String(id), name: String(name) }
}

const NEW: Ending = {
  link: BEFORE_FIRST,
  at: undefined,
  number: 0,
  bytes: 0,
  tornBytes: 0,
  identity: undefined,
}
