// `iose racs apdu`

import { bytesOfHex, hexOf } from '../../../base/hex.ts'
import { type CliCommand, EXIT, misuse } from '../command.ts'
import { argumentsOf, checkCount, SHARED_HELP, type SharedOptions, textOf } from './options.ts'
import { printJson, printLine } from './output.ts'
import { inSession } from './session.ts'
import { statusWordMeaning } from './status-words.ts'

export const apdu: CliCommand = {
  summary: 'send APDUs to an element',
  help: `Usage: iose racs apdu SEID HEX... [--continue SW] [--more SW1] [--fetch HEX] [flags]

Powers the element on and sends one APDU after the other, all in one session; stops at the first that is refused.
Prints of each the data, the status word and what that means; with --quiet data and status word only. A status word
is an answer, not a failure: the exit code is 0, unless --continue demands another one.

  --continue SW   the status word that each APDU must end with, 4 hex digits; another one is a refusal (exit 1)
  --more SW1      while the status word starts so the gateway fetches more, 2 hex digits: 61 or 9F
  --fetch HEX     the command that fetches more, 8 hex digits; default 00C00000

Arguments can be seen by other users of this machine: send what is secret with iose racs run -.

${SHARED_HELP}
Example: iose racs apdu sim1 00A4040006010203040500 0087000000 --continue 9000
`,
  async run(args) {
    const { shared, flags, positionals } = argumentsOf(args, {
      continue: { type: 'string' },
      more: { type: 'string' },
      fetch: { type: 'string' },
    })
    checkCount(positionals, 'apdu SEID HEX...', 2, Infinity)
    const [seid = '', ...texts] = positionals
    const commands = texts.map(commandOf)
    const options = {
      continueSw: textOf(flags, 'continue'),
      more: textOf(flags, 'more'),
      fetch: textOf(flags, 'fetch'),
    }
    await inSession(shared, async ({ client, deadline }) => {
      await client.poweron(seid, deadline())
      for (const command of commands) {
        print(shared, await client.apdu(seid, command, { ...options, deadline: deadline() }))
      }
    })
    return EXIT.done
  },
}

/** @throws CliError of usage that does not show the APDU */
function commandOf(text: string, index: number): Uint8Array {
  const command = bytesOfHex(text)
  if (command === undefined || command.length < HEADER_BYTES) {
    throw misuse(`APDU ${index + 1} is not an even number of hex digits, 8 at least`)
  }
  return command
}

function print(shared: SharedOptions, answer: Uint8Array): void {
  const [data, sw] = [hexOf(answer.subarray(0, -2)), hexOf(answer.subarray(-2))]
  const meaning = statusWordMeaning(sw)
  if (shared.isJson) printJson({ data, sw, meaning })
  else if (shared.isQuiet) printLine(data + sw)
  else printLine(`${data === '' ? '' : `${data} `}${sw}  (${meaning})`)
}

/** CLA INS P1 P2. */
const HEADER_BYTES = 4
