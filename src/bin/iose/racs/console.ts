// `iose racs console`: lines in, from a person at a terminal or from a pipe.

import { type CliCommand, CliError, EXIT } from '../command.ts'
import { converse, isInteractive, readAll } from '../terminal/dialogue.ts'
import { MAX_HISTORY_LINES } from '../terminal/history.ts'
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
    const isAtTerminal = isInteractive()
    await using session = new ConsoleSession({ destination, shared, isInteractive: isAtTerminal })
    await session.open()
    if (isAtTerminal) {
      await converse(session)
      return EXIT.done
    }
    await readAll(session)
    if (session.isInBlock) throw new CliError(EXIT.usage, 'begin without end')
    return session.worst
  },
}
