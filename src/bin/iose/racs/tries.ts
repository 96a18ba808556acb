// `iose racs tries`

import type { Tries } from '../../../client/racs.ts'
import { type CliCommand, EXIT } from '../command.ts'
import { argumentsOf, checkCount, SHARED_HELP } from './options.ts'
import { printJson, printLine } from './output.ts'
import { inSession } from './session.ts'

export const tries: CliCommand = {
  summary: 'show or clear the wrong keys and PINs of an element',
  help: `Usage: iose racs tries SEID [--clear] [flags]

Prints how many keys and PINs in a row were wrong, and after how many the gateway refuses the next one: a card blocks
itself for ever after a few. --clear, for operators, lets people try again; look first what is wrong, and how many tries
the card itself has left.

${SHARED_HELP}
Example: iose racs tries sim1
`,
  async run(args) {
    const { shared, flags, positionals } = argumentsOf(args, { clear: { type: 'boolean' } })
    checkCount(positionals, 'tries SEID [--clear]', 1)
    const [seid = ''] = positionals
    const order = flags['clear'] === true ? 'CLEAR' : undefined
    const found = await inSession(shared, ({ client, deadline }) => client.tries(seid, order, deadline()))
    if (shared.isJson) printJson({ seid, ...found })
    else printLine(lineOf(found))
    return EXIT.done
  },
}

function lineOf({ authentication, verification }: Tries): string {
  const keys = `authentication ${authentication.failed} of ${authentication.limit}`
  return `${keys}, verification ${verification.failed} of ${verification.limit}`
}
