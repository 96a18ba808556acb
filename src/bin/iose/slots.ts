// `iose slots`

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { ClientError } from '../../client/errors.ts'
import { printable } from '../../client/printable.ts'
import { StatusClient } from '../../client/status.ts'
import { loadConfig } from '../../config/load.ts'
import { stateDirOf } from '../../config/state-dir.ts'
import { type CliCommand, CliError, EXIT } from './command.ts'
import { printJson, printLine } from './racs/output.ts'
import { slotsTable } from './slots-table.ts'
import { SlotsView, sizeOf } from './slots-view.ts'
import { flagsIn, statusUrlOf } from './status-flags.ts'

export const slots: CliCommand = {
  summary: 'what is in which slot, who holds it, who waits, what is wrong',
  help: `Usage: iose slots [--watch] [flags]

Shows all slots of a gateway: the element in each, its state and since when, who holds it, who waits, what is wrong, and
what the gateway is doing about it.

  --watch              go on: the table stays as it is now; not on a terminal, one line for each change
  --json               as JSON; with --watch, one event a line
  --quiet              say nothing about a gateway that is gone for a while
  --status URL         where its status plane is; default: from the configuration, http://127.0.0.1:8080 without one
  --token-file FILE    what it must be told, unless it listens on this machine only; default: from the configuration,
                       status.token in the state directory
  --config FILE, --state-dir DIR
                       of a gateway on this machine

Example: iose slots --watch
`,
  async run(args) {
    const { isWatch, isJson, isQuiet, target } = orderOf(args)
    const client = new StatusClient(target)
    const name = target.url.host
    if (!isWatch) {
      const { rows, raw } = await client.slots().catch((error: unknown) => explain(error, name))
      if (isJson) printJson(raw)
      else
        for (const line of slotsTable(
          rows,
          Date.now(),
          process.stdout.isTTY ? sizeOf(process.stdout.columns) : Infinity,
        ))
          printLine(line)
      return EXIT.done
    }
    const ending = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
    await watch(client, { isJson, isQuiet, name, signal: ending.signal })
    return EXIT.done
  },
}

/** Asked anew each time: it changes while we wait. */
function hasEnded(signal: AbortSignal): boolean {
  return signal.aborted
}

interface Watching {
  readonly isJson: boolean
  readonly isQuiet: boolean
  /** `host:port`. */
  readonly name: string
  readonly signal: AbortSignal
}

/** What fails before anything was shown is final; later the gateway is asked again and again. */
async function watch(client: StatusClient, { isJson, isQuiet, name, signal }: Watching): Promise<void> {
  const view = isJson ? undefined : new SlotsView(process.stdout)
  let wasThere = false
  while (!hasEnded(signal)) {
    let cause = 'it has closed the connection'
    try {
      for await (const event of client.watch(signal)) {
        wasThere = true
        if (view === undefined) printJson({ event: event.kind, data: event.raw })
        else view.take(event)
      }
    } catch (error) {
      if (!wasThere) explain(error, name)
      cause = messageOf(error)
    }
    view?.pause()
    if (hasEnded(signal)) break
    if (!isQuiet) process.stderr.write(`iose: ${name} is gone: ${printable(cause)}; next try in 2 s\n`)
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined)
  }
}

function orderOf(args: readonly string[]) {
  const values = flagsIn(args, OPTIONS)
  const { gateway, status } = loadConfig(values.config).config
  const { host, port } = status
  const url = statusUrlOf(values.status ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`)
  const stateDir = values['state-dir'] ?? stateDirOf(gateway.stateDir, process.env)
  const token = tokenIn(values['token-file']) ?? defaultTokenIn(resolve(stateDir, status.tokenFile))
  const target = { url, token, clock: systemClock }
  return {
    isWatch: values.watch === true,
    isJson: values.json === true,
    isQuiet: values.quiet === true,
    target,
  }
}

/** Empty without: on a loopback address everybody may read. */
function defaultTokenIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function tokenIn(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    const next = 'it is made when a gateway starts; --token-file names another, and that of root needs sudo.'
    throw new CliError(EXIT.configuration, `no token: ${messageOf(error)}\nNext: ${next}`)
  }
}

/** @throws CliError; whatever is none of the client's errors */
function explain(error: unknown, name: string): never {
  if (!(error instanceof ClientError)) throw error
  const isRefused = error.code === 'client.refused'
  const next = isRefused
    ? '--token-file with the token of that gateway: status.token in its state directory.'
    : 'check that a gateway runs there: its log says where, in the line gateway.ready; --status names another place.'
  const exitCode = isRefused ? EXIT.refused : EXIT.failed
  throw new CliError(exitCode, `${name}: ${printable(error.message)}\nNext: ${next}`)
}

const OPTIONS = {
  watch: { type: 'boolean' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  status: { type: 'string' },
  'token-file': { type: 'string' },
  config: { type: 'string' },
  'state-dir': { type: 'string' },
} as const
const RETRY_MS = 2_000
