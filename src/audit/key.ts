// The key of the MACs: 32 bytes, in a file as 64 hex digits.

import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeNew } from '../base/atomic-file.ts'
import { bytesOfHex } from '../base/hex.ts'
import { AuditError } from './errors.ts'

/**
 * The key in `path`, or undefined when there is no such file.
 * @throws AuditError audit.key when it cannot be read or is no key
 */
export async function readKey(path: string): Promise<Uint8Array | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new AuditError('audit.key', `cannot read ${path}`, { cause: error })
  }
  return keyOf(text, path)
}

/** The key that a file holds. @throws AuditError audit.key, which names `path` and shows nothing of the text */
export function keyOf(text: string, path: string): Uint8Array {
  const key = bytesOfHex(text.trim())
  if (key?.length === KEY_BYTES) return key
  throw new AuditError('audit.key', `${path} must hold ${2 * KEY_BYTES} hex digits and nothing else`)
}

/** Makes a key in a new file, readable by its owner only. @throws AuditError audit.key */
export async function makeKey(path: string): Promise<Uint8Array> {
  const key = randomBytes(KEY_BYTES)
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeNew(path, `${key.toString('hex')}\n`, 0o600)
  } catch (error) {
    throw new AuditError('audit.key', `cannot make ${path}`, { cause: error })
  }
  return new Uint8Array(key)
}

const KEY_BYTES = 32
