// Keys of updates: public ones in folders of this machine, a private one in a file of whoever signs.

import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UpdateError } from './errors.ts'
import { KEY_ID_BYTES } from './header.ts'

/** Public keys by key id. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>

/** How a header names a key: 16 hexadecimal digits. */
export function keyIdFor(publicKey: KeyObject): string {
  const encoded = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256')
    .update(encoded)
    .digest('hex')
    .slice(0, 2 * KEY_ID_BYTES)
}

/**
 * The keys in all `*.pem` of the folders; a folder that is not there has none.
 * @throws UpdateError update.key for a file that is no Ed25519 public key: a machine that trusts less than its owner
 *   believes must say so
 */
export async function trustedKeys(folders: readonly string[]): Promise<TrustedKeys> {
  const keys = new Map<string, KeyObject>()
  for (const folder of folders) {
    for (const name of await namesIn(folder)) {
      const key = await publicKeyIn(join(folder, name))
      keys.set(keyIdFor(key), key)
    }
  }
  return keys
}

/** @throws UpdateError update.key */
export async function privateKeyIn(path: string): Promise<KeyObject> {
  const pem = await contentOf(path)
  if (pem.includes('ENCRYPTED')) {
    throw new UpdateError('update.key', `${path} is encrypted; openssl pkey -in ${path} decrypts it`)
  }
  return ed25519(path, () => createPrivateKey(pem), 'private')
}

/** @throws UpdateError update.key */
async function publicKeyIn(path: string): Promise<KeyObject> {
  const pem = await contentOf(path)
  // Node would derive the public key; but a private one has no place on this machine.
  if (pem.includes('PRIVATE KEY'))
    throw new UpdateError('update.key', `${path} is a private key; put the public one there`)
  return ed25519(path, () => createPublicKey(pem), 'public')
}

function ed25519(path: string, parse: () => KeyObject, kind: 'public' | 'private'): KeyObject {
  let key: KeyObject | undefined
  try {
    key = parse()
  } catch {
    // OpenSSL's message could quote the file.
  }
  if (key?.asymmetricKeyType === 'ed25519') return key
  throw new UpdateError('update.key', `${path} has no Ed25519 ${kind} key in PEM`)
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.pem')).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new UpdateError('update.key', `cannot read ${folder}`, { cause: error })
  }
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UpdateError('update.key', `cannot read ${path}`, { cause: error })
  }
}
