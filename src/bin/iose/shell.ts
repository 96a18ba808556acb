// `iose shell`

import { type CliCommand, EXIT, misuse } from './command.ts'
import { ELEMENT_HELP, elementOrderOf } from './element/order.ts'
import { accessOf } from './element/session.ts'
import { ShellSession } from './element/shell-session.ts'
import { converse, isInteractive, readAll } from './terminal/dialogue.ts'
import { MAX_HISTORY_LINES } from './terminal/history.ts'

const USAGE = 'iose shell URI [flags]'

export const shell: CliCommand = {
  summary: 'talk with an element, line by line',
  help: `Usage: ${USAGE}

One TLS 1.3 session that ends inside an element; each line is sent to it, and what it answers is printed. A command in
the URI is said first. The element is yours while the session lasts: others wait. A session that the gateway ends for
idleness is opened again with the next line.

Lines are kept in $XDG_STATE_HOME/iose/shell_history, ${MAX_HISTORY_LINES} at most, but for those that start with a blank or carry a
key. From a pipe there is no prompt, and the end of the session is the end of the shell.

${ELEMENT_HELP}  --json               {"sen", "answer"} for each line

Exit codes: 0 done, 1 refused (a wrong key or name), 2 the way to the element failed, 64 usage, 78 no key.

Example: iose shell shellS://key1.com@127.0.0.1 --psk-file key1.psk
`,
  async run(args) {
    const order = elementOrderOf(args, USAGE)
    if (order.words.length > 0) throw misuse(`usage: ${USAGE}; iose call says one thing`)
    if (order.pskFile === '-' || order.module?.pinFile === '-')
      throw misuse('standard input is for what is said; give the key by a file or --psk-env')
    const isAtTerminal = isInteractive()
    const { uri, shared } = order
    const settings = { access: accessOf(order), isJson: shared.isJson, isInteractive: isAtTerminal }
    await using session = new ShellSession(settings)
    await session.open()
    if (uri.command !== undefined) await session.enter(uri.command)
    if (isAtTerminal) await converse(session)
    else await readAll(session)
    return EXIT.done
  },
}
