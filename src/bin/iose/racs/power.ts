// `iose racs poweron`, `shutdown`, `reset`: one command about one element.

import type { StatusLine } from '../../../racs/grammar.ts'
import { type CliCommand, EXIT, type ExitCode, misuse } from '../command.ts'
import { type Arguments, argumentsOf, checkCount, SHARED_HELP } from './options.ts'
import { printStatus } from './output.ts'
import { inSession, type Session } from './session.ts'

export const poweron: CliCommand = {
  summary: 'check that an element can be powered on and leased',
  help: `Usage: iose racs poweron SEID [flags]

Powers an element on and leases it. The lease ends with the TLS session, and so with this command: by itself it
only shows that the element answers and is free. To work with an element use apdu, run or console.

${SHARED_HELP}
Example: iose racs poweron sim1
`,
  run: (args) =>
    onElement('poweron', argumentsOf(args), ({ client, deadline }, seid) => client.poweron(seid, deadline())),
}

export const shutdown: CliCommand = {
  summary: 'power an element off',
  help: `Usage: iose racs shutdown SEID [flags]

Powers an element off. While somebody else holds the element, our gateway lets only operators do that: the lease is
revoked, and the element reset. The original server lets everybody.

${SHARED_HELP}
Example: iose racs shutdown sim1
`,
  run: (args) =>
    onElement('shutdown', argumentsOf(args), ({ client, deadline }, seid) =>
      client.shutdown(seid, deadline()),
    ),
}

export const reset: CliCommand = {
  summary: 'reset an element',
  help: `Usage: iose racs reset SEID [--warm] [flags]

Resets an element, after powering it on as older servers demand; cold, or warm with --warm.

${SHARED_HELP}
Example: iose racs reset sim1 --warm
`,
  run(args) {
    const given = argumentsOf(args, { warm: { type: 'boolean' } })
    const kind = given.flags['warm'] === true ? 'warm' : 'cold'
    return onElement('reset', given, async ({ client, deadline }, seid) => {
      await client.poweron(seid, deadline())
      return client.reset(seid, kind, deadline())
    })
  },
}

export const quarantine: CliCommand = {
  summary: 'set an element aside, or end that',
  help: `Usage: iose racs quarantine SEID on|off [flags]

Sets an element aside: who holds it loses it, and nobody gets it until that is ended. For operators. iose slots shows
which elements are in quarantine, and why.

${SHARED_HELP}
Example: iose racs quarantine sim1 on
`,
  run(args) {
    const { shared, positionals, flags } = argumentsOf(args)
    checkCount(positionals, 'quarantine SEID on|off', 2)
    const [seid = '', word] = positionals
    if (word !== 'on' && word !== 'off') throw misuse('usage: iose racs quarantine SEID on|off')
    const order = word === 'on' ? 'ON' : 'OFF'
    return onElement('quarantine', { shared, flags, positionals: [seid] }, ({ client, deadline }) =>
      client.quarantine(seid, order, deadline()),
    )
  },
}

async function onElement(
  name: string,
  { shared, positionals }: Arguments,
  act: (session: Session, seid: string) => Promise<StatusLine>,
): Promise<ExitCode> {
  checkCount(positionals, `${name} SEID`, 1)
  const [seid = ''] = positionals
  printStatus(shared, seid, await inSession(shared, (session) => act(session, seid)))
  return EXIT.done
}
