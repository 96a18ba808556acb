// What `iose gp install` is told to make: out of a CAP file, or out of AIDs.

import { bytesOfHex, hexOf } from '../../../base/hex.ts'
import type { Installation } from '../../../globalplatform/content.ts'
import { misuse } from '../command.ts'
import { textOf } from '../racs/options.ts'
import { capIn } from './cap.ts'
import { aidFlagOf, checkPositionals, type GpOrder } from './order.ts'

export const INSTALL_FLAGS = {
  package: { type: 'string' },
  module: { type: 'string' },
  instance: { type: 'string' },
  'default-selected': { type: 'boolean' },
  sen: { type: 'string' },
  parameters: { type: 'string' },
  privileges: { type: 'string' },
  yes: { type: 'boolean' },
} as const

/** @throws CliError of usage */
export async function installationOf(order: GpOrder): Promise<Installation> {
  checkPositionals(order, 'install [CAP] --seid SEID', 0, 1)
  const { flags, positionals } = order
  const [file] = positionals
  const source = file === undefined ? givenOf(order) : await ofCap(file, order)
  return {
    ...source,
    instance: aidFlagOf(flags, 'instance') ?? source.module,
    privileges: privilegesOf(order),
    parameters: parametersOf(order),
  }
}

type Source = Pick<Installation, 'package' | 'module'>

function givenOf({ flags }: GpOrder): Source {
  const [packageAid, module] = [aidFlagOf(flags, 'package'), aidFlagOf(flags, 'module')]
  if (packageAid === undefined || module === undefined)
    throw misuse('a CAP file is missing, or --package and --module')
  return { package: packageAid, module }
}

async function ofCap(file: string, { flags }: GpOrder): Promise<Source> {
  if (aidFlagOf(flags, 'package') !== undefined)
    throw misuse('the package is that of the CAP file; give that or --package')
  const { package: own, applets } = await capIn(file)
  const wanted = aidFlagOf(flags, 'module')
  const names = applets.map(({ aid }) => hexOf(aid))
  if (wanted !== undefined) {
    if (names.includes(hexOf(wanted))) return { package: own.aid, module: wanted }
    throw misuse(`--module ${hexOf(wanted)}: ${file} has ${names.join(', ') || 'no applet'}`)
  }
  const [first, ...others] = applets
  if (first === undefined) throw misuse(`${file} is a library: it has no applet to install`)
  if (others.length > 0) throw misuse(`${file} has several applets; --module: ${names.join(', ')}`)
  return { package: own.aid, module: first.aid }
}

function privilegesOf({ flags }: GpOrder): Uint8Array {
  const isDefault = flags['default-selected'] === true
  const text = textOf(flags, 'privileges')
  const privileges = text === undefined ? Uint8Array.of(0) : bytesOfHex(text)
  if (privileges === undefined || ![1, 3].includes(privileges.length))
    throw misuse(`--privileges ${text ?? ''}: one or three bytes in hex`)
  const [first = 0, ...others] = privileges
  if ((first & MAY_END_THE_CARD) !== 0 && flags['yes'] !== true)
    throw misuse('privileges to lock or to terminate the whole element: only with --yes')
  return Uint8Array.of(isDefault ? first | DEFAULT_SELECTED : first, ...others)
}

function parametersOf({ flags }: GpOrder): Uint8Array {
  const [sen, parameters] = [textOf(flags, 'sen'), textOf(flags, 'parameters')]
  if (sen !== undefined && parameters !== undefined)
    throw misuse('--sen and --parameters are the same; give one')
  if (sen !== undefined) {
    if (!/^[\x21-\x7e]{1,15}$/.test(sen)) throw misuse('--sen: 1 to 15 printable characters without blanks')
    return Buffer.from(sen, 'latin1')
  }
  const bytes = bytesOfHex(parameters ?? '')
  if (bytes === undefined || bytes.length > MAX_PARAMETER_BYTES)
    throw misuse(`--parameters: hex digits, ${MAX_PARAMETER_BYTES} bytes at most`)
  return bytes
}

const DEFAULT_SELECTED = 0x04
/** Card lock and card terminate. */
const MAY_END_THE_CARD = 0x18
/** With three AIDs of 16 bytes there is room for so much in one command. */
const MAX_PARAMETER_BYTES = 127
