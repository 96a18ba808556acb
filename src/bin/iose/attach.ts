// `iose attach`

import { systemClock } from '../../base/clock.ts'
import { hexOf } from '../../base/hex.ts'
import { attach as attachElement } from '../../client/attach.ts'
import { ClientError } from '../../client/errors.ts'
import { RacsClient } from '../../client/racs.ts'
import { type Endpoint, endpointOf } from '../../config/values.ts'
import { seidOf } from '../../slots/identity.ts'
import { type CliCommand, EXIT, misuse } from './command.ts'
import { destinationOf } from './racs/destination.ts'
import { cliErrorOf, connectErrorOf } from './racs/explain.ts'
import { argumentsOf, SHARED_HELP, type SharedOptions, textOf } from './racs/options.ts'
import { printJson, printLine } from './racs/output.ts'
import { warn } from './racs/session.ts'

export const attach: CliCommand = {
  summary: 'show an element as a card in a reader of this machine',
  help: `Usage: iose attach SEID [--vpcd HOST:PORT] [flags]

Leases a remote element and shows it as a card in a virtual reader of the local pcscd, so that programs which know
nothing but PC/SC work with it: opensc-tool, gpg, browsers. Ctrl-C frees the element. When pcscd, the gateway or the
element goes, the card is pulled, and is back with them. What the gateway forbids is answered 6982.

  --vpcd HOST:PORT     where the virtual reader listens; default 127.0.0.1:35963, its second slot is 35964

The reader is that of vsmartcard: apt-get install vsmartcard-vpcd, then systemctl start pcscd.

${SHARED_HELP}
Example: iose attach sim1
`,
  async run(args) {
    const { shared, flags, positionals } = argumentsOf(args, { vpcd: { type: 'string' } })
    const [seid, ...more] = positionals
    if (seid === undefined || more.length > 0)
      throw misuse('usage: iose attach SEID [--vpcd HOST:PORT] [flags]')
    if (seidOf(seid) === undefined)
      throw misuse('an SEID is 1 to 63 printable ASCII characters without blanks')
    const reader = readerOf(textOf(flags, 'vpcd') ?? '127.0.0.1:35963')
    const destination = destinationOf(shared)
    if (!shared.isQuiet) warn(destination)
    const timeoutMs = shared.timeoutMs
    const ending = new AbortController()
    // The second one ends the process at once.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
    try {
      await attachElement(
        {
          ...{ seid, reader, timeoutMs, clock: systemClock },
          connect: (signal) => {
            const deadline = systemClock.now() + timeoutMs
            return RacsClient.connect(destination.target, { clock: systemClock, deadline, signal })
          },
          onAttached: (card) => sayAttached(shared, { seid, vpcd: nameOf(reader) }, card),
          onDetached(error, retryMs) {
            const [cause = ''] = cliErrorOf(error, destination.name).message.split('\n')
            process.stderr.write(
              `iose: ${seid} is in no reader now: ${cause}; next try in ${retryMs / 1000} s\n`,
            )
          },
        },
        ending.signal,
      )
    } catch (error) {
      throw error instanceof ClientError ? connectErrorOf(error, destination.name) : error
    }
    return EXIT.done
  },
}

function sayAttached(
  { isJson, isQuiet }: SharedOptions,
  place: { seid: string; vpcd: string },
  card: { atr: Uint8Array; isAtrTold: boolean },
): void {
  const atr = hexOf(card.atr)
  if (isJson) printJson({ ...place, atr, isAtrTold: card.isAtrTold })
  else if (!isQuiet) {
    const guess = card.isAtrTold ? '' : ' made of its name, the gateway tells none'
    printLine(
      `${place.seid} is a reader of pcscd now (vpcd ${place.vpcd}, ATR ${atr}${guess}); Ctrl-C ends it`,
    )
  }
}

function nameOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function readerOf(text: string): Endpoint {
  const reader = endpointOf(text)
  if (reader === undefined) throw misuse(`--vpcd ${text}: not of the form HOST:PORT or [V6]:PORT`)
  return reader
}
