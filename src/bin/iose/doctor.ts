// `iose doctor`

import { resolve } from 'node:path'
import { messageOf } from '../../base/errors.ts'
import { ConfigError } from '../../config/errors.ts'
import { type LoadedConfig, loadBoard, loadConfig } from '../../config/load.ts'
import { stateDirOf } from '../../config/state-dir.ts'
import { type CliCommand, EXIT, type ExitCode } from './command.ts'
import { type BoardReport, boardReport } from './doctor/board/examination.ts'
import { boardRow, slotLines } from './doctor/board/report.ts'
import { gatewayChecks, nodeCheck } from './doctor/checks.ts'
import { examine } from './doctor/examine.ts'
import { type Finding, fine, type Outcome, wrong } from './doctor/finding.ts'
import { type Look, linesOf, rowOf } from './doctor/report.ts'
import { runningCheck } from './doctor/running.ts'
import { presentUser } from './doctor/subject.ts'
import { printJson } from './racs/output.ts'
import { flagsIn, statusUrlOf } from './status-flags.ts'

export const doctor: CliCommand = {
  summary: 'what this machine lacks for a gateway, and the command that mends it',
  help: `Usage: iose doctor [flags]

Looks at all that a gateway on this machine needs: Node.js, the configuration, addons, device nodes and groups, pcscd, SIM
arrays, cards in other processes, the clock, ports, certificates, users, the state directory, wear of flash, limits, and
the gateway itself, if one runs. Nothing is changed, and no element is spoken to. Run it as the user that the gateway runs as.

Each line says ok, warning or wrong, what was looked at, and, where something is to be done, the command that mends it.

  --json               an array of {check, outcome, found, meaning, remedy}
  --quiet              only what is wrong
  --board NAME         explain each slot of a board instead: a board file, or one that comes along, such as hat-rev-a
  --config FILE        of the gateway; default /etc/iose/gateway.toml if it exists, else the defaults
  --state-dir DIR      of the gateway; default: from the configuration
  --status URL         where its status plane is; default: from the configuration
  --token-file FILE    what it must be told; default: from the configuration, status.token in the state directory

With --board: what each slot has (bus, address, channel, reset, power, LED, button, level), what of it this machine has
(nodes, overlay, peripherals in the way, and who holds which line), and what to measure if an element does not answer;
--json gives an object with the board, the checks, and the slots.

Exit codes: 0 nothing is wrong, there may be warnings; 1 something is wrong; 78 the configuration cannot be used.

Example: sudo -u iose iose doctor
`,
  async run(args) {
    const order = orderOf(args)
    if (order.board !== undefined) return examineBoard(order.board, order)
    const configuration = configurationOf(order)
    const machine = await examine([nodeCheck()])
    const gateway = 'loaded' in configuration ? await examineGateway(configuration.loaded, order) : []
    const findings = [configuration.finding, ...machine, ...gateway]
    print(findings, order)
    leaveSoon()
    if (!('loaded' in configuration)) return EXIT.configuration
    return findings.some(({ outcome }) => outcome === 'wrong') ? EXIT.refused : EXIT.done
  },
}

interface Order {
  readonly configFile: string | undefined
  readonly board: string | undefined
  readonly stateDir: string | undefined
  readonly status: URL | undefined
  readonly tokenFile: string | undefined
  readonly isJson: boolean
  readonly isQuiet: boolean
  /** Those of the flags that other commands know, as they were given. */
  readonly flags: string
}

type Configuration =
  | { readonly finding: Finding }
  | { readonly finding: Finding; readonly loaded: LoadedConfig }

async function examineBoard(name: string, order: Order): Promise<ExitCode> {
  try {
    const { board, source } = loadBoard(name)
    const report = await boardReport(board, source)
    const outcomes = [...report.findings, ...report.slots].map(({ outcome }) => outcome)
    const told = order.isQuiet ? onlyWrong(report) : report
    if (order.isJson) printJson(boardRow(told))
    else printBoard(told, order)
    return outcomes.includes('wrong') ? EXIT.refused : EXIT.done
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    print([wrong('board', { found: messageOf(error), remedy: 'man iose-board' })], order)
    return EXIT.configuration
  }
}

function onlyWrong({ findings, slots, ...about }: BoardReport): BoardReport {
  const isWrong = ({ outcome }: { readonly outcome: Outcome }): boolean => outcome === 'wrong'
  return { ...about, findings: findings.filter(isWrong), slots: slots.filter(isWrong) }
}

function printBoard({ findings, slots }: BoardReport, order: Order): void {
  print(findings, order)
  const lines = slotLines(slots, presentLook()).map((line) => `${line}\n`)
  process.stdout.write(lines.join(''))
}

function configurationOf({ configFile }: Order): Configuration {
  try {
    const loaded = loadConfig(configFile)
    const { length } = loaded.config.slots
    const found = `${loaded.source}, ${length} ${length === 1 ? 'slot' : 'slots'}`
    return { finding: fine('config', found), loaded }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const file = configFile ?? '/etc/iose/gateway.toml'
    const isMissing = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
    const remedy = isMissing
      ? `iosed --print-default-config > ${file}`
      : `$EDITOR ${file}; iosed --check-config --config ${file}`
    return { finding: wrong('config', { found: messageOf(error), remedy }) }
  }
}

async function examineGateway({ config }: LoadedConfig, order: Order): Promise<Finding[]> {
  const stateDir = resolve(order.stateDir ?? stateDirOf(config.gateway.stateDir, process.env))
  const { host, port, tokenFile } = config.status
  const url = order.status ?? new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`)
  const subject = {
    ...{ config, stateDir, user: presentUser(), flags: order.flags },
    ...{ environment: process.env, now: new Date() },
  }
  const token = order.tokenFile ?? resolve(stateDir, tokenFile)
  const findings = await examine(await gatewayChecks(subject, token))
  // Last, since the check of ports listens on that of the status plane for a moment, and would be asked.
  const running = await examine([runningCheck({ url, tokenFile: token, flags: order.flags })])
  return [...findings, ...running]
}

function print(findings: readonly Finding[], { isJson, isQuiet }: Order): void {
  const told = isQuiet ? findings.filter(({ outcome }) => outcome === 'wrong') : findings
  if (isJson) {
    printJson(told.map(rowOf))
    return
  }
  for (const line of linesOf(told, presentLook())) process.stdout.write(`${line}\n`)
}

function presentLook(): Look {
  return process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '' ? 'coloured' : 'plain'
}

/** What was given up, a name that no server resolves for instance, must not keep the process. */
function leaveSoon(): void {
  setTimeout(() => process.exit(), LEAVE_MS).unref()
}

function orderOf(args: readonly string[]): Order {
  const values = flagsIn(args, OPTIONS)
  const { board, config, status, 'state-dir': stateDir, 'token-file': tokenFile } = values
  return {
    configFile: config,
    board,
    stateDir,
    status: status === undefined ? undefined : statusUrlOf(status),
    tokenFile,
    isJson: values.json === true,
    isQuiet: values.quiet === true,
    flags: `${flagOf('config', config)}${flagOf('state-dir', stateDir)}`,
  }
}

function flagOf(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` --${name} ${value}`
}

const OPTIONS = {
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  board: { type: 'string' },
  config: { type: 'string' },
  'state-dir': { type: 'string' },
  status: { type: 'string' },
  'token-file': { type: 'string' },
} as const
const LEAVE_MS = 500
