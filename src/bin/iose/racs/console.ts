// `iose racs console`: lines in, from a person at a terminal or from a pipe.

import { createInterface, type Interface } from 'node:readline'
import { messageOf } from '../../../base/errors.ts'
import { type CliCommand, CliError, EXIT, type ExitCode } from '../command.ts'
import { completionsOf } from './console-commands.ts'
import { historyFileOf, loadHistory, MAX_HISTORY_LINES, saveHistory } from './console-history.ts'
import { isWorthKeeping } from './console-input.ts'
import { ConsoleSession } from './console-session.ts'
import { destinationOf } from './destination.ts'
import { argumentsOf, checkCount, SHARED_HELP } from './options.ts'
import { warn } from './session.ts'

export const consoleCommand: CliCommand = {
  summary: 'an interactive session',
  help: `Usage: iose racs console [flags]

An interactive session with a gateway, over one TLS session: what you POWERON stays yours until you leave. Each line
is a request of its own, several between begin and end are one. After use SEID a line of hex digits is an APDU for
that element. TAB completes commands and SEIDs; help lists the commands.

Lines are kept in $XDG_STATE_HOME/iose/racs_history, ${MAX_HISTORY_LINES} at most, but for those that start with a
blank or carry a PIN or a key in an APDU. From a pipe there is no prompt, and the exit code is that of the worst
answer.

${SHARED_HELP}
Example: printf 'use sim1\\npoweron sim1\\n00A4040006010203040500\\n' | iose racs console
`,
  async run(args) {
    const { shared, positionals } = argumentsOf(args)
    checkCount(positionals, 'console', 0)
    const destination = destinationOf(shared)
    if (!shared.isQuiet) warn(destination)
    const isInteractive = process.stdin.isTTY && process.stdout.isTTY
    await using session = new ConsoleSession({ destination, shared, isInteractive })
    await session.open()
    if (!isInteractive) return await readAll(session)
    await converse(session)
    return EXIT.done
  },
}

async function readAll(session: ConsoleSession): Promise<ExitCode> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (!(await session.enter(line))) return session.worst
  }
  if (session.isInBlock) throw new CliError(EXIT.usage, 'begin without end')
  return session.worst
}

async function converse(session: ConsoleSession): Promise<void> {
  const file = historyFileOf(process.env)
  let history = await loadHistory(file)
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    history: [...history],
    historySize: MAX_HISTORY_LINES,
    removeHistoryDuplicates: true,
    completer: (line: string) => completionsOf(line, session.seids),
  })
  terminal.on('history', (lines: string[]) => {
    // What is not to be kept cannot be called up again either.
    if (!isWorthKeeping(lines[0] ?? '')) lines.shift()
    history = [...lines]
  })
  terminal.on('SIGINT', () => interrupt(session, terminal))
  session.onLost = (message) => {
    process.stdout.write(`\n${message}\n`)
    terminal.prompt(true)
  }
  process.stdout.write('help lists the commands, Ctrl-D leaves.\n')
  terminal.setPrompt(session.prompt)
  terminal.prompt()
  for await (const line of terminal) {
    if (!(await session.enter(line))) break
    terminal.setPrompt(session.prompt)
    terminal.prompt()
  }
  terminal.close()
  process.stdout.write('\n')
  try {
    await saveHistory(file, history)
  } catch (error) {
    process.stderr.write(`iose: warning: the history cannot be kept: ${messageOf(error)}\n`)
  }
}

function interrupt(session: ConsoleSession, terminal: Interface): void {
  const wasBusy = session.isBusy
  session.interrupt().catch((error: unknown) => {
    process.stderr.write(`iose: ${messageOf(error)}\n`)
  })
  if (wasBusy) return
  // To the end of the line, then clear it backwards.
  terminal.write(null, { ctrl: true, name: 'e' })
  terminal.write(null, { ctrl: true, name: 'u' })
  terminal.setPrompt(session.prompt)
  terminal.prompt()
}
