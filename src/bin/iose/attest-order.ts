// What `iose attest` is told: the role, the keys of the role, and whether to become the owner.

import { type KeyObject, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { messageOf } from '../../base/errors.ts'
import { bytesOfHex } from '../../base/hex.ts'
import { secretOf } from '../../base/secret.ts'
import { isPoint, issuerKeyOf, issuerPublicKeyOf } from '../../client/attestation/keys.ts'
import { ClientError } from '../../client/errors.ts'
import { CliError, EXIT, misuse } from './command.ts'
import { type ElementOrder, elementOrderOf } from './element/order.ts'
import { type Access, accessOf, warnOf } from './element/session.ts'
import { type Flags, type SharedOptions, textOf } from './racs/options.ts'

interface CommonOrder {
  readonly access: Access
  readonly shared: SharedOptions
  readonly isPskShown: boolean
}

export interface ProviderOrder extends CommonOrder {
  readonly role: 'provider'
  /** Private. */
  readonly issuer: KeyObject
}

export interface UserOrder extends CommonOrder {
  readonly role: 'user'
  /** Public. */
  readonly issuer: KeyObject
  /** 04 X Y. */
  readonly expected: Uint8Array | undefined
  readonly owner: OwnerOrder | undefined
}

export interface OwnerOrder {
  /** Both 32 bytes. */
  readonly old: Uint8Array
  readonly fresh: Uint8Array
  /** Path of the file for the new key. */
  readonly place: string
}

export type AttestOrder = ProviderOrder | UserOrder

/** @throws CliError; nothing has been sent then */
export function orderOf(args: readonly string[]): AttestOrder {
  const order = elementOrderOf(args, USAGE, OWN)
  const { flags, words, shared } = order
  const [word] = words
  if (word !== undefined) throw misuse(`'${word}' is too much; usage: ${USAGE}`)
  if (order.uri.scheme !== 'shell')
    throw misuse(`attestation is spoken in lines: the URI begins with shellS:, not ${order.uri.scheme}S:`)
  const role = textOf(flags, 'role')
  if (role !== 'provider' && role !== 'user') throw misuse(`--role is provider or user; usage: ${USAGE}`)
  for (const [name, owner] of Object.entries(ROLE_OF))
    if (flags[name] !== undefined && owner !== role)
      throw misuse(`--${name} is for --role ${owner}, this is ${role}`)
  const isPskShown = flags['print-psk'] === true
  if (role === 'provider') {
    const issuer = issuerOf(order)
    return { role, access: accessOf(order), shared, isPskShown, issuer }
  }
  const issuer = usable(() => issuerPublicKeyOf(contentOf(flags, 'issuer-pub')))
  const [place, expected] = [placeOf(flags), expectedOf(flags)]
  const access = accessOf(order)
  const owner = place === undefined ? undefined : ownerOf(access, place)
  return { role, access, shared, isPskShown, issuer, expected, owner }
}

function issuerOf(order: ElementOrder): KeyObject {
  const pem = contentOf(order.flags, 'issuer-key')
  const path = textOf(order.flags, 'issuer-key') ?? ''
  if (path !== '-' && (statSync(path).mode & 0o077) !== 0)
    warnOf(order)(`others can read the issuer key ${path}; chmod 600 would end that`)
  const isGiven = order.flags['issuer-pass-file'] !== undefined
  const passphrase = isGiven
    ? contentOf(order.flags, 'issuer-pass-file')
        .toString('utf8')
        .replace(/\r?\n$/, '')
    : undefined
  return usable(() => issuerKeyOf(pem, passphrase))
}

function placeOf(flags: Flags): string | undefined {
  const place = textOf(flags, 'psk-out')
  const isWanted = flags['take-ownership'] === true
  if (!isWanted && (place !== undefined || flags['print-psk'] === true))
    throw misuse('there is no new key without --take-ownership')
  if (!isWanted) return undefined
  if (place === undefined) throw misuse('--take-ownership needs --psk-out FILE, where the new key goes')
  if (!existsSync(place)) return place
  throw new CliError(
    EXIT.configuration,
    `--psk-out: ${place} is there already, and may hold a key\nNext: another FILE, or remove that one.`,
  )
}

function ownerOf({ psk }: Access, place: string): OwnerOrder {
  if (psk === undefined)
    throw misuse('--take-ownership replaces the key here, but the one of --tls-im is in another element')
  return { old: psk, fresh: secretOf(randomBytes(psk.length)), place }
}

function expectedOf(flags: Flags): Uint8Array | undefined {
  const given = textOf(flags, 'element-key')
  if (given === undefined) return undefined
  const text = /^[0-9A-Fa-f]{130}$/.test(given) ? given : contentOf(flags, 'element-key').toString('latin1')
  const point = bytesOfHex(text.trim())
  if (point !== undefined && isPoint(point)) return point
  throw new CliError(EXIT.configuration, '--element-key is no point of secp256k1: 130 hex digits 04 X Y')
}

function contentOf(flags: Flags, name: string): Buffer {
  const path = textOf(flags, name)
  if (path === undefined) throw misuse(`--${name} is missing; usage: ${USAGE}`)
  try {
    return readFileSync(path === '-' ? 0 : path)
  } catch (error) {
    throw new CliError(EXIT.configuration, `--${name}: ${messageOf(error)}`)
  }
}

/** A key that cannot be used is the configuration's fault. */
function usable(read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch (error) {
    throw error instanceof ClientError ? new CliError(EXIT.configuration, error.message) : error
  }
}

const USAGE = 'iose attest URI --role provider --issuer-key PEM | --role user --issuer-pub PEM'

const OWN = {
  role: { type: 'string' },
  'issuer-key': { type: 'string' },
  'issuer-pass-file': { type: 'string' },
  'issuer-pub': { type: 'string' },
  'element-key': { type: 'string' },
  'take-ownership': { type: 'boolean' },
  'psk-out': { type: 'string' },
  'print-psk': { type: 'boolean' },
} as const

const ROLE_OF: Readonly<Record<string, AttestOrder['role']>> = {
  'issuer-key': 'provider',
  'issuer-pass-file': 'provider',
  'issuer-pub': 'user',
  'element-key': 'user',
  'take-ownership': 'user',
  'psk-out': 'user',
  'print-psk': 'user',
}
