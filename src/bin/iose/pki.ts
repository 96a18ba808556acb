// `iose pki`: the certificate authority of one gateway.

import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../../base/errors.ts'
import { loadConfig } from '../../config/load.ts'
import { stateDirOf } from '../../config/state-dir.ts'
import { Authority, type CertificateRow } from '../../pki/authority.ts'
import { PkiError, type PkiErrorCode } from '../../pki/errors.ts'
import { hostKindOf } from '../../pki/names.ts'
import { type CliCommand, CliError, EXIT, type ExitCode, misuse } from './command.ts'
import { presenceOf, storePathOf } from './credentials/store.ts'

export const pki: CliCommand = {
  summary: 'the small certificate authority of the administration plane',
  help: `Usage: iose pki COMMAND [options]

The certificate authority of one gateway: it certifies the gateway and those who administer it. Its files lie in
pki/ of the gateway's state directory; run it as the user that the gateway runs as.

  init [--name NAME]               make the authority: ca.pem, ca.key and an empty crl.pem
  server [--host HOST]... [--rsa]  certify the gateway: server.pem, server.key. HOST is a DNS name or an IP address
                                   under which clients call it; default: localhost, 127.0.0.1, ::1 and the name of
                                   this machine
  client NAME [--out DIR] [--rsa]  certify a user: NAME.pem, NAME.key and ca.pem in DIR, default: here
  revoke NAME                      revoke the user's certificates, or the one with the serial number NAME
  list [--json]                    what was issued, and what became of it

  --rsa             an RSA key of 3072 bits instead of P-256; a server needs it for racs.legacy_rsa (clients that know
                    only the static key exchange of RSA)
  --state-dir DIR   state directory of the gateway; default: from the configuration
  --config FILE     configuration of the gateway; default /etc/iose/gateway.toml if it exists, else the defaults
  --quiet           print nothing but data and errors

Certificates of servers and users are valid for two years, the authority for ten. A user's NAME is 1 to 64 of
A-Z a-z 0-9 . _ @ -.

Example: iose pki init && iose pki server --host gateway.example && iose pki client alice --out alice
`,
  run,
}

async function run([name = '', ...args]: readonly string[]): Promise<ExitCode> {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (action === undefined) {
    const what = name === '' ? 'a command is missing after pki' : `unknown command 'pki ${name}'`
    throw misuse(`${what}; there are ${Object.keys(ACTIONS).join(', ')}`)
  }
  const call = callOf(args, action)
  try {
    const { text, kind } = await action.run(call)
    if (kind === 'data' || !call.isQuiet) process.stdout.write(text)
    return EXIT.done
  } catch (error) {
    throw error instanceof PkiError ? complaintOf(error, call) : error
  }
}

/** One word after `iose pki`. */
interface Action {
  /** Its own options; --config, --state-dir and --quiet are for all. */
  readonly options: Readonly<Record<string, { type: 'string' | 'boolean'; multiple?: boolean }>>
  /** What stands for its one argument in messages; without it there is none. */
  readonly argument?: string
  run(call: Call): Promise<{ text: string; kind: 'data' | 'report' }>
}

/** What the user asked for. */
interface Call {
  readonly argument: string
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
  readonly stateDir: string
  /** Of the authority. */
  readonly directory: string
  readonly gatewayName: string
  /** ` --state-dir ...` as it was given, for commands that we propose. */
  readonly flags: string
  readonly isQuiet: boolean
  readonly now: Date
}

const ACTIONS: Readonly<Record<string, Action>> = {
  init: {
    options: { name: { type: 'string' } },
    run: async ({ values, directory, gatewayName, flags, now }) => {
      const name = textOf(values['name']) ?? `${gatewayName} CA`
      const authority = await Authority.create(directory, { name, now })
      return report(
        `Made the authority '${name}' in ${directory}, valid until ${dayOf(authority.notAfter)}.`,
        `Whoever has its ca.key can let anybody in: keep it secret, and a copy in a safe place.`,
        `Next: iose pki server${flags}`,
        `      iose pki client NAME${flags}`,
      )
    },
  },
  server: {
    options: { host: { type: 'string', multiple: true }, rsa: { type: 'boolean' } },
    run: async ({ values, directory, flags, now }) => {
      const hosts = listOf(values['host']) ?? defaultHosts()
      const authority = await Authority.open(directory)
      await authority.issueServer({ hosts, algorithm: algorithmOf(values), now })
      return report(
        `Certified the gateway as ${hosts.join(', ')}: ${join(directory, 'server.pem')}, server.key.`,
        ...nextAfterNewKey(flags),
      )
    },
  },
  client: {
    options: { out: { type: 'string' }, rsa: { type: 'boolean' } },
    argument: 'NAME',
    run: async ({ argument: name, values, directory, stateDir, now }) => {
      const out = textOf(values['out']) ?? '.'
      const authority = await Authority.open(directory)
      await authority.issueClient({ name, algorithm: algorithmOf(values), outDirectory: resolve(out), now })
      const key = /^[A-Za-z0-9_-]+$/.test(name) ? name : `"${name}"`
      return report(
        `Certified ${name}: ${join(out, `${name}.pem`)}, ${name}.key (a secret) and ca.pem.`,
        `Next: say in ${join(stateDir, 'users.toml')} what ${name} may use, for example`,
        '',
        `[users.${key}]`,
        `cn = "${name}"`,
        'role = "user"',
        'seids = ["sim1"]',
      )
    },
  },
  revoke: {
    options: {},
    argument: 'NAME',
    run: async ({ argument: name, directory, now }) => {
      const authority = await Authority.open(directory)
      await authority.revoke(name, now)
      return report(
        `Revoked ${name}: ${join(directory, 'crl.pem')} says so.`,
        'Next: tell the gateway with SIGHUP, if it runs; until then it knows the old list.',
      )
    },
  },
  list: {
    options: { json: { type: 'boolean' } },
    run: async ({ values, directory, now }) => {
      const authority = await Authority.open(directory)
      const rows = await authority.list(now)
      const text = values['json'] === true ? `${JSON.stringify(rows, null, 2)}\n` : tableOf(rows)
      return { text, kind: 'data' }
    },
  },
}

/** A credential goes before the file that was just written. */
function nextAfterNewKey(flags: string): string[] {
  const replace = `sudo iose protect-keys --replace${flags} && sudo systemctl restart iosed`
  switch (presenceOf('racs-key')) {
    case 'there':
      return [
        `Next: ${replace}`,
        `      until then the gateway has the old key, in ${storePathOf('racs-key')}.`,
      ]
    case 'hidden':
      return ['Next: restart the gateway, if it runs;', `      if its key is a credential: ${replace}`]
    case 'missing':
      return ['Next: restart the gateway, if it runs.']
  }
}

function callOf(args: readonly string[], { options, argument }: Action): Call {
  let parsed: { values: Call['values']; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options: { ...options, ...COMMON } })
  } catch (error) {
    throw misuse(messageOf(error))
  }
  const { values, positionals } = parsed
  const [given = '', ...more] = positionals
  const surplus = argument === undefined ? positionals : more
  if (surplus.length > 0) throw misuse(`unexpected argument '${surplus[0] ?? ''}'`)
  if (argument !== undefined && positionals.length === 0) throw misuse(`${argument} is missing`)
  const [configFile, stateDirFlag] = [textOf(values['config']), textOf(values['state-dir'])]
  const { gateway } = loadConfig(configFile).config
  const stateDir = resolve(stateDirFlag ?? stateDirOf(gateway.stateDir, process.env))
  return {
    argument: given,
    values,
    stateDir,
    directory: join(stateDir, 'pki'),
    gatewayName: gateway.name,
    flags: `${flagOf('config', configFile)}${flagOf('state-dir', stateDirFlag)}`,
    isQuiet: values['quiet'] === true,
    now: new Date(),
  }
}

/** What went wrong, and what to do about it. */
function complaintOf(error: PkiError, call: Call): CliError {
  const { exitCode, advice } = COMPLAINTS[error.code]
  const next = advice(call)
  return new CliError(exitCode, `${messageOf(error)}${next === '' ? '' : `\nNext: ${next}`}`)
}

const COMPLAINTS: Readonly<
  Record<PkiErrorCode, { readonly exitCode: ExitCode; readonly advice: (call: Call) => string }>
> = {
  'pki.exists': {
    exitCode: EXIT.refused,
    advice: ({ argument, directory, flags }) =>
      argument === ''
        ? `use it, or move ${directory} away; all it has issued is then worth nothing`
        : `iose pki revoke ${argument}${flags} if the old one is to end, --out DIR if only a file is in the way`,
  },
  'pki.unknown': {
    exitCode: EXIT.refused,
    advice: ({ flags }) => `iose pki list${flags} shows the names`,
  },
  'pki.busy': { exitCode: EXIT.refused, advice: () => 'try again' },
  'pki.name': { exitCode: EXIT.usage, advice: () => '' },
  'pki.missing': {
    exitCode: EXIT.configuration,
    advice: ({ flags }) => `iose pki init${flags} if there never was one, else bring back your copy`,
  },
  'pki.invalid': {
    exitCode: EXIT.configuration,
    advice: () => `mend it, or bring back your copy`,
  },
  'pki.unwritable': {
    exitCode: EXIT.configuration,
    advice: () => 'run this as the user that the gateway runs as, or choose another directory',
  },
}

function tableOf(rows: readonly CertificateRow[]): string {
  const lines = rows.map((row) => [row.status, row.kind, row.name, dayOf(row.notAfter), row.serial])
  const table = [['STATUS', 'KIND', 'NAME', 'UNTIL', 'SERIAL'], ...lines]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  return table
    .map((line) => `${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`)
    .join('')
}

function report(...lines: readonly string[]): { text: string; kind: 'report' } {
  return { text: `${lines.join('\n')}\n`, kind: 'report' }
}

/** This machine, as far as a certificate can name it. */
function defaultHosts(): string[] {
  return ['localhost', '127.0.0.1', '::1', hostname()].filter((host) => hostKindOf(host) !== undefined)
}

function algorithmOf(values: Call['values']): 'ec' | 'rsa' {
  return values['rsa'] === true ? 'rsa' : 'ec'
}

function textOf(value: Call['values'][string]): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function listOf(value: Call['values'][string]): string[] | undefined {
  return Array.isArray(value) ? value.map(String) : undefined
}

function flagOf(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` --${name} ${value}`
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}

const COMMON = {
  config: { type: 'string' },
  'state-dir': { type: 'string' },
  quiet: { type: 'boolean' },
} as const
