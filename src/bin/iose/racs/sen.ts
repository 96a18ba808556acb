// `iose racs sen`

import { type CliCommand, EXIT, misuse } from '../command.ts'
import type { SharedOptions } from './options.ts'
import { argumentsOf, checkCount, SHARED_HELP } from './options.ts'
import { printJson, printLine, printStatus } from './output.ts'
import { inSession } from './session.ts'

export const sen: CliCommand = {
  summary: 'show or change the name of an element',
  help: `Usage: iose racs sen SEID [NAME [AID]] [--reset] [flags]

Without NAME shows the name by which TLS-SE clients reach the element, and the application that is selected for
them. With NAME gives it another one, with AID (10 to 32 hex digits) another application. --reset goes back to the
name in the element's ATR and its default-selected application.

${SHARED_HELP}
Example: iose racs sen sim1 signer.example A0000006472F0001
`,
  async run(args) {
    const { shared, flags, positionals } = argumentsOf(args, { reset: { type: 'boolean' } })
    checkCount(positionals, 'sen SEID [NAME [AID]] [--reset]', 1, 3)
    const [seid = '', name, aid] = positionals
    const isReset = flags['reset'] === true
    if (isReset && name !== undefined) throw misuse('--reset and a NAME exclude each other')
    if (name === undefined && !isReset) return show(shared, seid)
    const status = await inSession(shared, ({ client, deadline }) =>
      client.sen(seid, { name, aid }, deadline()),
    )
    printStatus(shared, seid, status)
    return EXIT.done
  },
}

async function show(shared: SharedOptions, seid: string) {
  const { name, aid } = await inSession(shared, ({ client, deadline }) => client.getSen(seid, deadline()))
  if (shared.isJson) printJson({ seid, name, aid: aid ?? null })
  else printLine(shared.isQuiet ? name : `${name}  AID ${aid ?? 'default'}`)
  return EXIT.done
}
