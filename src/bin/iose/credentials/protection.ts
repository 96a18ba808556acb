// One key of the gateway: from a plain file to a credential, and back. Whatever happens in between, the key is on the
// disk whole in one of the two at least, and in both it is the same.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { bytesOfHex } from '../../../base/hex.ts'
import { type CredentialName, PLAIN_KEYS } from '../../../config/credentials.ts'
import { CliError, EXIT } from '../command.ts'
import type { KeyDirectory } from './key-directory.ts'
import { type Opened, openCredential, putCredential, removeCredential, storePathOf } from './store.ts'
import { encrypt } from './systemd-creds.ts'

export interface KeyOrder {
  readonly name: CredentialName
  readonly directory: KeyDirectory
  /** Whether a credential with another key gives way: that of a renewed certificate. */
  readonly replace: 'allowed' | 'refused'
  readonly mode: 'do' | 'tell'
}

/** What was done, or would be. */
export interface Done {
  readonly text: string
  readonly isChange: boolean
}

/** This machine cannot encrypt, for a reason that `message` says. */
export class Incapable extends Error {}

/**
 * Makes a credential of the plain key, and removes that.
 * @throws Incapable; CliError when this is refused
 */
export async function protect(order: KeyOrder): Promise<Done> {
  const { name, directory, mode } = order
  const [file, credential] = [plainPathOf(order), storePathOf(name)]
  const plain = await directory.read(basename(file))
  const kept = await openCredential(name)
  if (plain === undefined) {
    if (kept === undefined) return idle(`${name}: there is no ${file} yet; a first start makes it`)
    if ('obstacle' in kept) throw refused(`${credential} cannot be decrypted here: ${kept.obstacle}`)
    if (mode === 'do') await directory.removeLeftovers(basename(file), kept.secret)
    return idle(`${name}: ${credential} has the key already`)
  }
  checkIsKey(name, plain, file)
  const isKept = kept !== undefined && 'secret' in kept && kept.secret.equals(plain)
  if (kept !== undefined && !isKept) checkMayReplace(order, kept, plain)
  const what = isKept
    ? `removed ${file}, which ${credential} has, too`
    : `moved ${file} into ${credential}, encrypted`
  if (mode === 'tell') return { text: `${name}: would have ${what}`, isChange: false }
  if (!isKept) await encryptTo(name, plain)
  if (await directory.remove(basename(file), plain)) return { text: `${name}: ${what}`, isChange: true }
  throw refused(`${file} has changed meanwhile and stays. Next: the same again, with --replace`)
}

/**
 * Makes a plain file of the credential, and removes that.
 * @throws CliError when this is refused
 */
export async function unprotect(order: KeyOrder): Promise<Done> {
  const { name, directory, mode } = order
  const [file, credential] = [plainPathOf(order), storePathOf(name)]
  const kept = await openCredential(name)
  if (kept === undefined) return idle(`${name}: there is no ${credential}`)
  if ('obstacle' in kept) {
    const next =
      'Next: on the machine that encrypted it, with its /var/lib/systemd/credential.secret and its TPM'
    throw refused(`${credential} cannot be decrypted here: ${kept.obstacle}\n${next}; or make new keys`)
  }
  const plain = await directory.read(basename(file))
  if (plain !== undefined && !plain.equals(kept.secret)) {
    const next = `Next: mv ${file} ${file}.other, if that of the credential is in use; else sudo rm ${credential}`
    throw refused(`${file} is another key than ${credential}\n${next}`)
  }
  const text = `moved ${credential} into ${file}, mode 0600`
  if (mode === 'tell') return { text: `${name}: would have ${text}`, isChange: false }
  // Also where the file is there: who wrote it may have been killed before it was on the disk.
  await directory.write(basename(file), kept.secret)
  await removeCredential(name)
  await directory.removeLeftovers(basename(file), kept.secret)
  return { text: `${name}: ${text}`, isChange: true }
}

async function encryptTo(name: CredentialName, secret: Buffer): Promise<void> {
  const outcome = await encrypt(name, secret)
  if (outcome === undefined) throw new Incapable('there is no systemd-creds')
  if ('failure' in outcome) throw new Incapable(outcome.failure)
  await putCredential(name, outcome.bytes)
  // What systemd will read is what counts: from the file, not from memory.
  const proof = await openCredential(name)
  if (proof !== undefined && 'secret' in proof && proof.secret.equals(secret)) return
  const reason = proof !== undefined && 'obstacle' in proof ? proof.obstacle : 'it is not what was encrypted'
  await removeCredential(name)
  throw new Incapable(`what was encrypted cannot be decrypted again: ${reason}`)
}

/** Nothing else of the machine ends in the hands of the gateway, whoever put it there. */
function checkIsKey(name: CredentialName, bytes: Buffer, file: string): void {
  if (name === 'audit-key') {
    if (bytesOfHex(bytes.toString('latin1').trim())?.length === 32) return
    throw refused(`${file} must hold 64 hex digits and nothing else`)
  }
  if (!isPrivateKey(bytes)) throw refused(`${file} is no private key in PEM`)
}

function checkMayReplace({ name, directory, replace }: KeyOrder, kept: Opened, plain: Buffer): void {
  const [file, credential] = [join(directory.path, basename(PLAIN_KEYS[name])), storePathOf(name)]
  const obstacle = kept !== undefined && 'obstacle' in kept ? `: ${kept.obstacle}` : ''
  const found =
    obstacle === ''
      ? `${credential} is another key than ${file}`
      : `${credential} cannot be decrypted${obstacle}`
  if (name === 'audit-key') {
    const next = `\`iose audit verify --key-file ${file}\` says whether that is the key of the log; if it is, sudo rm ${credential}, else mv ${file} ${file}.other`
    throw refused(`${found}\nNext: ${next}`)
  }
  if (replace === 'refused') {
    const next = `sudo iose protect-keys --replace, if ${file} belongs to a renewed certificate; else mv ${file} ${file}.other`
    throw refused(`${found}\nNext: ${next}`)
  }
  if (isOfCertificate(plain, join(directory.path, 'server.pem')) === false)
    throw refused(
      `${file} is not the key of server.pem beside it: nothing is replaced\nNext: iose pki server makes both anew`,
    )
}

/** Undefined when there is no certificate. */
function isOfCertificate(key: Buffer, path: string): boolean | undefined {
  try {
    return new X509Certificate(readFileSync(path)).checkPrivateKey(createPrivateKey(key))
  } catch {
    return undefined
  }
}

function isPrivateKey(bytes: Buffer): boolean {
  try {
    createPrivateKey(bytes)
    return true
  } catch {
    // What the parser says is about a secret.
    return false
  }
}

function plainPathOf({ name, directory }: KeyOrder): string {
  return join(directory.path, basename(PLAIN_KEYS[name]))
}

function idle(text: string): Done {
  return { text, isChange: false }
}

function refused(message: string): CliError {
  return new CliError(EXIT.refused, message)
}
