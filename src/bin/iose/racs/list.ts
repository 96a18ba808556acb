// `iose racs list`

import { type CliCommand, EXIT } from '../command.ts'
import { argumentsOf, checkCount, SHARED_HELP } from './options.ts'
import { printJson, printLine } from './output.ts'
import { inSession } from './session.ts'

export const list: CliCommand = {
  summary: 'the elements that you may use',
  help: `Usage: iose racs list [flags]

Prints the SEIDs of the elements that you may use, one a line; with --json an array.

${SHARED_HELP}
Example: iose racs list --gateway gateway.example:7777 --profile lab
`,
  async run(args) {
    const { shared, positionals } = argumentsOf(args)
    checkCount(positionals, 'list', 0)
    const seids = await inSession(shared, ({ client, deadline }) => client.list(deadline()))
    if (seids.length === 0 && !shared.isQuiet) {
      process.stderr.write('No element is there for you. Rights are given in users.toml of the gateway.\n')
    }
    if (shared.isJson) printJson(seids)
    else for (const seid of seids) printLine(seid)
    return EXIT.done
  },
}
