// The credentials of the gateway that are kept encrypted on this machine.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '../../../base/atomic-file.ts'
import { CREDENTIAL_STORE, type CredentialName } from '../../../config/credentials.ts'
import { decrypt } from './systemd-creds.ts'

export function storePathOf(name: CredentialName): string {
  return join(CREDENTIAL_STORE, name)
}

/** `hidden`: this user may not look. */
export function presenceOf(name: CredentialName): 'there' | 'missing' | 'hidden' {
  try {
    statSync(storePathOf(name))
    return 'there'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'hidden'
  }
}

/** What is in a credential, or why it cannot be had; undefined: there is none. For root. */
export type Opened = { readonly secret: Buffer } | { readonly obstacle: string } | undefined

export async function openCredential(name: CredentialName): Promise<Opened> {
  let credential: Buffer
  try {
    credential = readFileSync(storePathOf(name))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? undefined
      : { obstacle: `it cannot be read: ${code ?? '?'}` }
  }
  const outcome = await decrypt(name, credential)
  if (outcome === undefined) return { obstacle: 'there is no systemd-creds' }
  return 'bytes' in outcome ? { secret: outcome.bytes } : { obstacle: outcome.failure }
}

/** When the promise resolves it is on the disk, whole. */
export async function putCredential(name: CredentialName, credential: Buffer): Promise<void> {
  await mkdir(CREDENTIAL_STORE, { recursive: true, mode: 0o700 })
  // What a run before this one, cut short, has left; it is encrypted.
  const leftover = new RegExp(`^${name}\\.[0-9a-f]{12}\\.tmp$`)
  for (const file of readdirSync(CREDENTIAL_STORE).filter((file) => leftover.test(file)))
    await rm(join(CREDENTIAL_STORE, file), { force: true })
  await writeAtomically(storePathOf(name), credential, 0o600)
}

export async function removeCredential(name: CredentialName): Promise<void> {
  await rm(storePathOf(name))
  const directory = await open(CREDENTIAL_STORE, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
