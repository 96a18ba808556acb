// The files of the authority, with errors that say which.

import { mkdir, readFile, stat } from 'node:fs/promises'
import { writeAtomically } from '../base/atomic-file.ts'
import { PkiError } from './errors.ts'

/** Permission bits: what everybody may see, and what is the owner's alone. */
export const MODE = { public: 0o644, secret: 0o600, directory: 0o700 } as const

/** Names in the directory of the authority. */
export const FILE = {
  certificate: 'ca.pem',
  key: 'ca.key',
  crl: 'crl.pem',
  index: 'index.json',
  lock: 'index.lock',
  serverCertificate: 'server.pem',
  serverKey: 'server.key',
} as const

/** The text of a file. @throws PkiError pki.missing, pki.invalid when it cannot be read */
export async function readText(path: string): Promise<string> {
  const text = await readIfThere(path)
  if (text === undefined) throw new PkiError('pki.missing', `there is no ${path}`)
  return text
}

/** The text of a file, or undefined without one. @throws PkiError pki.invalid when it cannot be read */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new PkiError('pki.invalid', `cannot read ${path}`, { cause: error })
  }
}

/** Whether anything has that name. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw new PkiError('pki.invalid', `cannot look at ${path}`, { cause: error })
  }
}

/** Writes a file, whole or not at all. @throws PkiError pki.unwritable */
export async function write(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeAtomically(path, text, mode)
  } catch (error) {
    throw new PkiError('pki.unwritable', `cannot write ${path}`, { cause: error })
  }
}

/** Makes a directory, for its owner alone, unless it is there. @throws PkiError pki.unwritable */
export async function ensureDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: MODE.directory })
  } catch (error) {
    throw new PkiError('pki.unwritable', `cannot make the directory ${path}`, { cause: error })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
