// What every subcommand of `iose gp` is told: which element, with which keys, how.

import { aidOf } from '../../../globalplatform/aid.ts'
import { DIVERSIFICATIONS, type Diversification } from '../../../globalplatform/keys.ts'
import { SECURITY_LEVELS, type SecurityLevel } from '../../../globalplatform/protection.ts'
import { seidOf } from '../../../slots/identity.ts'
import { misuse } from '../command.ts'
import { argumentsOf, type Flags, type SharedOptions, textOf } from '../racs/options.ts'

export interface GpOrder {
  readonly seid: string
  /** AID of the issuer security domain, if it was said. */
  readonly domain: Uint8Array | undefined
  readonly keys: KeySource
  readonly diversification: Diversification
  /** 0: what the element chooses. */
  readonly keyVersion: number
  readonly level: SecurityLevel | 'best'
  readonly allows: 'SCP03' | 'SCP03 and SCP02'
  readonly counting: 'all' | 'with data'
  readonly isDryRun: boolean
  readonly shared: SharedOptions
  /** Those of the subcommand itself. */
  readonly flags: Flags
  readonly positionals: readonly string[]
}

/** Where the key set is; the published test keys are one as well, but only when somebody says so. */
export interface KeySource {
  readonly file: string | undefined
  readonly variable: string | undefined
  readonly isTest: boolean
}

export const SEID_HELP = `  --seid SEID          the element; iose racs list shows yours
  --isd AID            its issuer security domain, if it has none of the usual names
`

export const KEY_HELP = `${SEID_HELP}  --key-set FILE       keys of the issuer security domain: one key, or ENC, MAC and DEK, in hex, 16, 24 or 32 bytes
                       each; - is standard input
  --key-set-env NAME   the same in this variable of the environment
  --test-keys          404142...4F, which elements have until somebody changes them
  --key-version KVN    two hex digits; default: what the element chooses
  --diversify METHOD   the keys are master keys: visa2, emv or kdf3
  --level LL           security level: 00, 01, 03, 11, 13 or 33; default: all that the element offers
  --allow-scp02        SCP02, which rests on DES, may be used
  --count-data-only    for elements that count only commands with data (a known fault with SCP03)
  --dry-run            says what would be done, and changes nothing
`

/**
 * @param usage  of the subcommand, without `iose gp`, for a message
 * @param own    its own flags
 * @throws CliError of usage
 */
export function gpOrderOf(
  args: readonly string[],
  usage: string,
  own: Readonly<Record<string, { type: 'string' | 'boolean' }>> = {},
): GpOrder {
  const { shared, flags, positionals } = argumentsOf(args, { ...OWN, ...own })
  const seid = textOf(flags, 'seid')
  if (seid === undefined) throw misuse(`--seid is missing: which element? usage: iose gp ${usage}`)
  if (seidOf(seid) === undefined)
    throw misuse('--seid: an SEID is 1 to 63 printable ASCII characters without blanks')
  const file = textOf(flags, 'key-set')
  const variable = textOf(flags, 'key-set-env')
  const isTest = flags['test-keys'] === true
  if ([file !== undefined, variable !== undefined, isTest].filter(Boolean).length > 1)
    throw misuse('--key-set, --key-set-env and --test-keys are several key sets; give one')
  return {
    seid,
    domain: aidFlagOf(flags, 'isd'),
    keys: { file, variable, isTest },
    diversification: diversificationOf(textOf(flags, 'diversify') ?? 'none'),
    keyVersion: keyVersionOf(flags, 'key-version') ?? 0,
    level: levelOf(textOf(flags, 'level')),
    allows: flags['allow-scp02'] === true ? 'SCP03 and SCP02' : 'SCP03',
    counting: flags['count-data-only'] === true ? 'with data' : 'all',
    isDryRun: flags['dry-run'] === true,
    shared,
    flags,
    positionals,
  }
}

/** @throws CliError of usage */
export function aidFlagOf(flags: Flags, name: string): Uint8Array | undefined {
  const text = textOf(flags, name)
  return text === undefined ? undefined : checkedAid(text, `--${name}`)
}

/** @throws CliError of usage */
export function checkedAid(text: string, what: string): Uint8Array {
  const aid = aidOf(text)
  if (aid === undefined) throw misuse(`${what} ${text}: an AID has 10 to 32 hex digits`)
  return aid
}

/** @throws CliError of usage */
export function keyVersionOf(flags: Flags, name: string): number | undefined {
  const text = textOf(flags, name)
  if (text === undefined) return undefined
  const version = /^[0-9A-Fa-f]{2}$/.test(text) ? Number.parseInt(text, 16) : 0
  if (version === 0 || (version > 0x7f && version !== 0xff))
    throw misuse(
      `--${name} ${text}: a key version is two hex digits, 01 to 7F, or FF for the set of the factory`,
    )
  return version
}

/** @throws CliError of usage unless there are `least` to `most` */
export function checkPositionals(
  { positionals }: GpOrder,
  usage: string,
  least: number,
  most: number = least,
): void {
  const { length } = positionals
  if (length >= least && length <= most) return
  throw misuse(`${length < least ? 'too few' : 'too many'} arguments; usage: iose gp ${usage}`)
}

function diversificationOf(text: string): Diversification {
  const method = DIVERSIFICATIONS.find((name) => name === text)
  if (method === undefined) throw misuse(`--diversify ${text}: there are ${DIVERSIFICATIONS.join(', ')}`)
  return method
}

function levelOf(text: string | undefined): SecurityLevel | 'best' {
  if (text === undefined) return 'best'
  const level = SECURITY_LEVELS.find((known) => known.toString(16).padStart(2, '0') === text)
  if (level === undefined) throw misuse(`--level ${text}: there are 00, 01, 03, 11, 13 and 33`)
  return level
}

const OWN = {
  seid: { type: 'string' },
  isd: { type: 'string' },
  'key-set': { type: 'string' },
  'key-set-env': { type: 'string' },
  'test-keys': { type: 'boolean' },
  'key-version': { type: 'string' },
  diversify: { type: 'string' },
  level: { type: 'string' },
  'allow-scp02': { type: 'boolean' },
  'count-data-only': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const
