// The key of the gateway's certificate: a file, or a credential of systemd.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { openCredential, presenceOf, storePathOf } from '../credentials/store.ts'
import { handedOverPathOf } from '../credentials/unit.ts'
import { certificateIn, type Files, secretFinding, unreadable } from './certificates.ts'
import { type Finding, fine, warning, wrong } from './finding.ts'
import { contentOf, factsOf, textAt } from './reading.ts'

export async function serverKeyFindings(files: Files): Promise<Finding[]> {
  const file = files.path('key')
  const read = textAt(file)
  if ('text' in read) return [keyFinding(files, { file, pem: read.text, remedy: newKey(files) })]
  const handedOver = handedOverPathOf('racs-key')
  const inUse = files.keyOrigin === 'state' && read.obstacle === 'ENOENT' ? contentOf(handedOver) : undefined
  if (inUse !== undefined)
    return [keyFinding(files, { file: handedOver, pem: inUse, remedy: newCredential(files) })]
  // Only a key that nobody has configured can be a credential.
  const presence = files.keyOrigin === 'state' ? presenceOf('racs-key') : 'missing'
  if (read.obstacle === 'ENOENT' && presence === 'there') return [await credentialFinding(files)]
  if (read.obstacle === 'ENOENT' && presence === 'hidden') {
    const found = `${file} is not there; it may be a credential, which ${files.user} cannot see`
    return [
      warning('key', { found, meaning: 'only root can tell', remedy: `sudo iose doctor${files.flags}` }),
    ]
  }
  return [unreadable('key', { file, user: files.user, remedy: newKey(files) }, read.obstacle)]
}

async function credentialFinding(files: Files): Promise<Finding> {
  const file = storePathOf('racs-key')
  if (process.getuid?.() !== 0)
    return fine('key', `${file}, which only root can compare with the certificate`)
  const opened = await openCredential('racs-key')
  const anew = newCredential(files)
  if (opened !== undefined && 'secret' in opened)
    return keyFinding(files, { file, pem: opened.secret.toString('latin1'), remedy: anew })
  const found = `${file} cannot be decrypted here: ${opened?.obstacle ?? 'it has gone'}`
  return wrong('key', { found, meaning: 'iosed.service does not start', remedy: `sudo rm ${file}; ${anew}` })
}

/** @param pem  not told */
function keyFinding(
  { path, legacyRsa }: Files,
  { file, pem, remedy }: { file: string; pem: string; remedy: string },
): Finding {
  const key = keyIn(pem)
  // What the parser says is about a secret.
  if (key === undefined) return wrong('key', { found: `${file} is no private key in PEM`, remedy })
  const certificate = certificateIn(textAt(path('cert')))
  if (certificate !== undefined && !certificate.checkPrivateKey(key))
    return wrong('key', { found: `${file} is not the key of ${path('cert')}`, remedy })
  if (legacyRsa && key.asymmetricKeyType !== 'rsa')
    return wrong('key', { found: `${file} is no RSA key, as racs.legacy_rsa needs`, remedy })
  // The mode of a credential says nothing: it is encrypted, or has an access control list.
  if (file !== path('key')) return fine('key', file)
  return secretFinding('key', file, factsOf(file)?.mode ?? 0)
}

function newCredential({ legacyRsa, flags }: Files): string {
  const server = `iose pki server${legacyRsa ? ' --rsa' : ''}${flags}`
  return `${server} && sudo iose protect-keys --replace${flags} && sudo systemctl restart iosed`
}

function newKey({ path, isOwn, legacyRsa, flags }: Files): string {
  return isOwn
    ? `iose pki server${legacyRsa ? ' --rsa' : ''}${flags}`
    : `openssl pkey -in ${path('key')} -noout`
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
