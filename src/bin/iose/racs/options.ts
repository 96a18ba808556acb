// The flags that every subcommand of `iose racs` takes, and those it takes alone.

import { parseArgs } from 'node:util'
import { messageOf } from '../../../base/errors.ts'
import { type Endpoint, endpointOf } from '../../../config/values.ts'
import { misuse } from '../command.ts'

/** What the user said; what was not said is undefined. */
export interface SharedOptions {
  readonly gateway: Endpoint | undefined
  readonly servername: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly ca: string | undefined
  readonly profile: string | undefined
  readonly config: string | undefined
  readonly stateDir: string | undefined
  readonly isJson: boolean
  readonly isQuiet: boolean
  /** For the connection, and for each answer. */
  readonly timeoutMs: number
}

export type Flags = Readonly<Record<string, string | boolean | undefined>>

export interface Arguments {
  readonly shared: SharedOptions
  /** The flags of the subcommand itself. */
  readonly flags: Flags
  readonly positionals: readonly string[]
}

export const SHARED_HELP = `Flags of every subcommand:
  --gateway HOST:PORT  default: that of the profile, else 127.0.0.1:7777
  --cert, --key, --ca FILE
                       PEM; beside NAME.pem lie NAME.key and ca.pem, unless they are given too;
                       default: those of the profile, else operator.pem of a gateway on this machine
                       (its state directory, pki/)
  --servername NAME    the name in the certificate of the gateway, if it is not HOST
  --profile NAME       of ~/.config/iose/config.toml; default: its default_profile
  --config FILE, --state-dir DIR
                       where the gateway on this machine keeps its certificates
  --timeout SECONDS    for the connection and for each answer; default 30
  --json               print JSON
  --quiet              print nothing but data

Exit codes: 0 done, 1 refused by the gateway, 2 transport or element failed, 64 usage, 78 configuration.
`

/**
 * Reads the arguments of a subcommand.
 * @param own  its own flags
 * @throws CliError of usage
 */
export function argumentsOf(
  args: readonly string[],
  own: Readonly<Record<string, { type: 'string' | 'boolean' }>> = {},
): Arguments {
  const { values, positionals } = parsed(args, { ...own, ...SHARED })
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  const shared: SharedOptions = {
    gateway: gatewayOf(text('gateway')),
    servername: text('servername'),
    cert: text('cert'),
    key: text('key'),
    ca: text('ca'),
    profile: text('profile'),
    config: text('config'),
    stateDir: text('state-dir'),
    isJson: values['json'] === true,
    isQuiet: values['quiet'] === true,
    timeoutMs: timeoutMsOf(text('timeout') ?? '30'),
  }
  return { shared, flags: values, positionals }
}

/** @throws CliError of usage unless there are `least` to `most` positionals */
export function checkCount(
  positionals: readonly string[],
  usage: string,
  least: number,
  most: number = least,
): void {
  if (positionals.length < least || positionals.length > most) {
    throw misuse(
      `${positionals.length < least ? 'too few' : 'too many'} arguments; usage: iose racs ${usage}`,
    )
  }
}

/** A flag of the subcommand that takes a text. */
export function textOf(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

function parsed(
  args: readonly string[],
  options: Record<string, { type: 'string' | 'boolean' }>,
): { values: Flags; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { values, positionals }
  } catch (error) {
    throw misuse(messageOf(error))
  }
}

function gatewayOf(text: string | undefined): Endpoint | undefined {
  if (text === undefined) return undefined
  const gateway = endpointOf(text)
  if (gateway === undefined) throw misuse(`--gateway ${text}: not of the form HOST:PORT or [V6]:PORT`)
  return gateway
}

function timeoutMsOf(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (seconds <= 0 || seconds > MAX_TIMEOUT_S) {
    throw misuse(`--timeout ${text}: not a number of seconds over 0 and up to ${MAX_TIMEOUT_S}`)
  }
  return seconds * 1000
}

const MAX_TIMEOUT_S = 86_400

const SHARED = {
  gateway: { type: 'string' },
  servername: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  ca: { type: 'string' },
  profile: { type: 'string' },
  config: { type: 'string' },
  'state-dir': { type: 'string' },
  timeout: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
} as const
