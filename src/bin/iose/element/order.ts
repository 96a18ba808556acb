// What the commands that talk to an element are told: its URI, where its key is, and what belongs to one of them.

import { ClientError } from '../../../client/errors.ts'
import { type IoseUri, parseIoseUri } from '../../../client/uri.ts'
import { seidOf } from '../../../slots/identity.ts'
import { misuse } from '../command.ts'
import { argumentsOf, type Flags, type SharedOptions, textOf } from '../racs/options.ts'

export interface ElementOrder {
  readonly uri: IoseUri
  /** What follows the URI. */
  readonly words: readonly string[]
  readonly identity: string
  readonly pskFile: string | undefined
  readonly pskVariable: string | undefined
  /** The element that has the key, where another one has it. */
  readonly module: ModuleOrder | undefined
  /** Time and output; where a gateway is, they say how to get at `module`. */
  readonly shared: SharedOptions
  /** Those of the command itself. */
  readonly flags: Flags
}

export interface ModuleOrder {
  readonly place: { readonly seid: string } | { readonly reader: string }
  readonly pinFile: string | undefined
}

export const ELEMENT_HELP = `  URI                  shellS://NAME[:KEY]@HOST[:PORT]/[?query=COMMAND], the command percent-encoded; the port is 8888
                       unless given. shell: a command is a line
  --psk-file FILE      the key: 64 hex digits or 32 bytes; - is standard input
  --psk-env NAME       the key is in this variable of the environment
  --identity TEXT      PSK identity; default Client_identity
  --tls-im SEID        the key is in this element, and stays there; --gateway, --cert and the others of iose racs say
                       how to get at it
  --tls-im-reader NAME the same for a card in a PC/SC reader of this machine; * stands for any text
  --pin-file FILE      the PIN of that element; - is standard input; default 0000
  --timeout SECONDS    for the handshake, and for each answer; default 30
  --quiet              no warnings
`

/**
 * @param usage  of the command, for a message
 * @param own    its own flags
 * @throws CliError of usage
 */
export function elementOrderOf(
  args: readonly string[],
  usage: string,
  own: Readonly<Record<string, { type: 'string' | 'boolean' }>> = {},
): ElementOrder {
  const { shared, flags, positionals } = argumentsOf(args, { ...OWN, ...own })
  const [uri, ...words] = positionals
  if (uri === undefined) throw misuse(`the URI is missing; usage: ${usage}`)
  return {
    uri: uriOf(uri),
    words,
    identity: textOf(flags, 'identity') ?? 'Client_identity',
    pskFile: textOf(flags, 'psk-file'),
    pskVariable: textOf(flags, 'psk-env'),
    module: moduleOf(flags),
    shared,
    flags,
  }
}

function uriOf(text: string): IoseUri {
  try {
    return parseIoseUri(text)
  } catch (error) {
    throw error instanceof ClientError ? misuse(error.message) : error
  }
}

function moduleOf(flags: Flags): ModuleOrder | undefined {
  const [seid, reader] = [textOf(flags, 'tls-im'), textOf(flags, 'tls-im-reader')]
  const pinFile = textOf(flags, 'pin-file')
  if (seid === undefined && reader === undefined) {
    if (pinFile !== undefined) throw misuse('--pin-file: the PIN of which element? Give --tls-im as well')
    return undefined
  }
  if (seid !== undefined && reader !== undefined)
    throw misuse('--tls-im and --tls-im-reader are two elements; give one')
  if (textOf(flags, 'psk-file') !== undefined || textOf(flags, 'psk-env') !== undefined)
    throw misuse('the key is in the element of --tls-im, or in a file; give one')
  if (seid === undefined) return { place: { reader: reader ?? '' }, pinFile }
  if (seidOf(seid) === undefined)
    throw misuse('--tls-im: an SEID is 1 to 63 printable ASCII characters without blanks')
  return { place: { seid }, pinFile }
}

const OWN = {
  'psk-file': { type: 'string' },
  'psk-env': { type: 'string' },
  identity: { type: 'string' },
  'tls-im': { type: 'string' },
  'tls-im-reader': { type: 'string' },
  'pin-file': { type: 'string' },
} as const
