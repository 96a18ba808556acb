// The command line of iosed.

import { parseArgs } from 'node:util'

export type Command =
  | { readonly kind: 'run'; readonly configFile: string | undefined }
  | {
      readonly kind: 'check-config'
      readonly configFile: string | undefined
      readonly usersFile: string | undefined
    }
  | { readonly kind: 'print-default-config' | 'version' | 'help' }
  | { readonly kind: 'misuse'; readonly message: string }

/** What the arguments ask for. */
export function commandOf(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        config: { type: 'string' },
        'check-config': { type: 'boolean' },
        users: { type: 'string' },
        'print-default-config': { type: 'boolean' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) return { kind: 'help' }
    if (values.version === true) return { kind: 'version' }
    if (values['print-default-config'] === true) return { kind: 'print-default-config' }
    const { config: configFile, users: usersFile } = values
    if (values['check-config'] === true) return { kind: 'check-config', configFile, usersFile }
    if (usersFile !== undefined) return { kind: 'misuse', message: '--users goes with --check-config only' }
    return { kind: 'run', configFile }
  } catch (error) {
    return { kind: 'misuse', message: error instanceof Error ? error.message : String(error) }
  }
}

export const HELP = `Usage: iosed [--config FILE] [--check-config [--users FILE]] [--print-default-config] [--version] [--help]

The Internet of Secure Elements gateway: carries TLS 1.3-PSK sessions, routed by server name, into the secure
elements attached to this machine, and lets their administrators reach them by RACS (see iose racs --help).

  --config FILE           configuration in TOML; default /etc/iose/gateway.toml if it exists, else the defaults
  --check-config          check the configuration and exit
  --users FILE            with it: check this users.toml too
  --print-default-config  print the default configuration, a starting point for your own
  --version               print the version
  -h, --help              print this

Example: iosed --print-default-config > gateway.toml && iosed --config gateway.toml

Signals: after SIGTERM or SIGINT nobody new is let in; sessions may end by themselves for drain_ms, the others are
ended, elements are reset, and it exits, within 5 seconds in all; a second one exits at once. SIGHUP reads users.toml, certificates and revocation list again; sessions go on.
Exit codes: 0 clean, 64 usage, 70 a bug of ours, 78 configuration (also: a port that cannot be bound).
`
