// `iose call`

import { type CliCommand, EXIT, misuse } from './command.ts'
import { ELEMENT_HELP, elementOrderOf } from './element/order.ts'
import { accessOf, ask, elementErrorOf } from './element/session.ts'
import { printJson, printLine } from './racs/output.ts'

const USAGE = 'iose call URI [COMMAND] [flags]'

export const call: CliCommand = {
  summary: 'say something to an element, and print what it answers',
  help: `Usage: ${USAGE}

Opens a TLS 1.3 session that ends inside an element, says one thing, and prints the answer.

  COMMAND              what to say, in the place of that in the URI
${ELEMENT_HELP}  --json               {"sen", "answer"}

Exit codes: 0 done, 1 refused (a wrong key or name), 2 the way to the element failed, 64 usage, 78 no key.

Example: iose call 'shellS://key1.com@127.0.0.1/?query=?00' --psk-file key1.psk
`,
  async run(args) {
    const order = elementOrderOf(args, USAGE)
    const { uri, words, shared } = order
    const [given, ...more] = words
    if (more.length > 0) throw misuse(`usage: ${USAGE}`)
    const command = given ?? uri.command
    if (command === undefined) throw misuse('nothing to say: the URI has no query, and there is no COMMAND')
    const access = accessOf(order)
    try {
      await using client = await access.open()
      const answer = await ask(client, access, command)
      if (shared.isJson) printJson({ sen: uri.sen, answer })
      else for (const line of answer.split(/\r?\n/)) printLine(line)
    } catch (error) {
      throw elementErrorOf(error, uri)
    }
    return EXIT.done
  },
}
