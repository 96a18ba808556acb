// `iose audit`

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { AuditError } from '../../audit/errors.ts'
import { keyOf, readKey } from '../../audit/key.ts'
import { type PublishedHead, type Verdict, verifyLog } from '../../audit/verify.ts'
import { messageOf } from '../../base/errors.ts'
import { auditPlaceOf } from '../../config/audit-place.ts'
import { loadConfig } from '../../config/load.ts'
import { stateDirOf } from '../../config/state-dir.ts'
import { showLog } from './audit-show.ts'
import { nextStepOf, verdictLines } from './audit-verdict.ts'
import { type CliCommand, CliError, EXIT, type ExitCode, misuse } from './command.ts'
import { openCredential, presenceOf, storePathOf } from './credentials/store.ts'
import { handedOverPathOf } from './credentials/unit.ts'
import { contentOf } from './doctor/reading.ts'
import { printJson, printLine } from './racs/output.ts'

export const audit: CliCommand = {
  summary: 'check the audit log of a gateway, and read it',
  help: `Usage: iose audit verify [--head SEQ:HASH]... [--json] [--quiet] [flags]
       iose audit show [--from TIME] [--event NAME] [--seid SEID] [flags]

verify reads the whole log and says whether each record is as the gateway wrote it, none is missing, and none is
foreign. The gateway may run meanwhile. What it cannot see by itself is that the last records were cut off; a head that
the gateway has published shows that: its log has them (event audit.head), and verify prints the present one.

show prints the records, one a line; it verifies nothing.

  --head SEQ:HASH   a record that was published: it must be there, and must be that one
  --json            the verdict as JSON; show: the lines of the log as they are
  --quiet           nothing when all is well
  --from TIME       records from TIME on, such as 2026-01-31 or 2026-01-31T12:00:00Z
  --event NAME      records of this event; lease: of all events that begin with lease.
  --seid SEID       records about this element
  --key-file FILE   the key of the log; default: from the configuration, as the gateway finds it; where it is a
                    credential (\`iose protect-keys\`), root has it decrypted, and the gateway's user
                    finds it while the gateway runs
  --dir DIR         where the log is; default: audit/ in the state directory
  --config FILE, --state-dir DIR
                    of a gateway on this machine

Exit codes: 0 all is well, 1 something is wrong: where, what it means and what to do is on standard error.

Example: iose audit verify --head 1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
`,
  async run([action = '', ...args]) {
    const run = ACTIONS.get(action)
    if (run !== undefined) return run(orderOf(args))
    const what = action === '' ? 'a command is missing after audit' : `unknown command 'audit ${action}'`
    throw misuse(`${what}; there are ${[...ACTIONS.keys()].join(', ')}`)
  },
}

interface Order {
  readonly values: ReturnType<typeof valuesOf>
  readonly directory: string
  readonly keyFile: string
  /** Nobody said so: without it the hashes are checked all the same. */
  readonly isKeyOptional: boolean
  /** It may be a credential instead. */
  readonly mayBeCredential: boolean
}

async function verify(order: Order): Promise<ExitCode> {
  const { values, directory, keyFile } = order
  const heads = (values.head ?? []).map(headOf)
  const key = await keyFor(order)
  const verdict = await verifyLog(directory, { key, heads, writer: 'maybe' }).catch((error: unknown) => {
    throw unreadable(directory, error)
  })
  const isGood = verdict.findings.length === 0
  if (values.json === true) printJson({ directory, isGood, isKeyChecked: key !== undefined, ...verdict })
  else if (isGood && values.quiet !== true) for (const line of verdictLines(verdict)) printLine(line)
  if (key === undefined) {
    process.stderr.write(
      `iose: WARNING: no key (${keyFile}): changes by somebody who has computed the hashes anew CANNOT be seen.\n` +
        `Next: ${withKeyAdvice(order)}\n`,
    )
  }
  if (isGood) return EXIT.done
  throw new CliError(EXIT.refused, complaintOf(verdict))
}

async function show({ values, directory }: Order): Promise<ExitCode> {
  const from = values.from === undefined ? undefined : new Date(values.from)
  if (from !== undefined && Number.isNaN(from.getTime())) throw misuse(`--from ${values.from ?? ''}: no time`)
  const { event, seid } = values
  const wanted = {
    from: from?.toISOString(),
    event,
    seid,
    form: values.json === true ? 'raw' : 'text',
  } as const
  await showLog(directory, wanted).catch((error: unknown) => {
    throw unreadable(directory, error)
  })
  return EXIT.done
}

function complaintOf({ findings, furtherFindings }: Verdict): string {
  const lines = findings.map(({ path, line, text }) => `${line === 0 ? path : `${path}:${line}`}: ${text}`)
  if (furtherFindings > 0) lines.push(`... and ${furtherFindings} more`)
  const [first] = findings
  return `${lines.join('\n')}${first === undefined ? '' : `\n${nextStepOf(first.kind)}`}`
}

async function keyFor({ keyFile, isKeyOptional, mayBeCredential }: Order): Promise<Uint8Array | undefined> {
  try {
    const key = (await readKey(keyFile)) ?? (mayBeCredential ? await keyInCredential() : undefined)
    if (key !== undefined || isKeyOptional) return key
  } catch (error) {
    if (!(error instanceof AuditError)) throw error
    throw new CliError(EXIT.configuration, messageOf(error))
  }
  throw new CliError(EXIT.configuration, `there is no ${keyFile}`)
}

/** From where the gateway has it, if it runs and this is its user; else decrypted, for root. */
async function keyInCredential(): Promise<Uint8Array | undefined> {
  const handedOver = handedOverPathOf('audit-key')
  const inUse = contentOf(handedOver)
  if (inUse !== undefined) return keyOf(inUse, handedOver)
  const opened = process.getuid?.() === 0 ? await openCredential('audit-key') : undefined
  if (opened === undefined) return undefined
  const path = storePathOf('audit-key')
  if ('secret' in opened) return keyOf(opened.secret.toString('latin1'), path)
  throw new CliError(EXIT.configuration, `${path} cannot be decrypted here: ${opened.obstacle}`)
}

function withKeyAdvice({ mayBeCredential }: Order): string {
  const presence = mayBeCredential && process.getuid?.() !== 0 ? presenceOf('audit-key') : 'missing'
  if (presence === 'missing') return 'name the key with --key-file.'
  const claim = presence === 'there' ? 'it is' : 'it may be'
  return `${claim} a credential of this machine, which only root can decrypt: the same again with sudo, and --state-dir.`
}

function headOf(text: string): PublishedHead {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-fA-F]{64})$/.exec(text) ?? []
  if (sequence === undefined || hash === undefined || Number(sequence) === 0)
    throw misuse(`--head ${text}: expected SEQ:HASH, a number and 64 hex digits`)
  return { sequence: Number(sequence), hash: hash.toLowerCase() }
}

function unreadable(directory: string, error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error
  const next =
    'Next: --dir or --state-dir says where the log is; run this as the user that the gateway runs as'
  return new CliError(EXIT.configuration, `cannot read the log in ${directory}: ${messageOf(error)}\n${next}`)
}

function orderOf(args: readonly string[]): Order {
  const values = valuesOf(args)
  const { gateway, audit: table } = loadConfig(values.config).config
  const stateDir = resolve(values['state-dir'] ?? stateDirOf(gateway.stateDir, process.env))
  const place = auditPlaceOf(table.keyFile, stateDir, process.env)
  return {
    values,
    directory: values.dir === undefined ? place.directory : resolve(values.dir),
    keyFile: values['key-file'] === undefined ? place.keyFile : resolve(values['key-file']),
    isKeyOptional: values['key-file'] === undefined,
    mayBeCredential: values['key-file'] === undefined && place.keyOrigin === 'state',
  }
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: false, options: OPTIONS }).values
  } catch (error) {
    throw misuse(messageOf(error))
  }
}

const ACTIONS: ReadonlyMap<string, (order: Order) => Promise<ExitCode>> = new Map([
  ['verify', verify],
  ['show', show],
])

const OPTIONS = {
  dir: { type: 'string' },
  'state-dir': { type: 'string' },
  config: { type: 'string' },
  'key-file': { type: 'string' },
  head: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  from: { type: 'string' },
  event: { type: 'string' },
  seid: { type: 'string' },
} as const
