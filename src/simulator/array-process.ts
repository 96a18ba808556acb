// A simulated SIM array as a program of its own: node dist/simulator/array-process.js [options].

import { systemClock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { ArrayServer } from './array-server.ts'
import { type ArraySettings, arraySettingsOf } from './array-settings.ts'
import { Card } from './card.ts'
import { LATENCY_PROFILES } from './latency.ts'

async function main(): Promise<void> {
  const settings = arraySettingsOf(process.argv.slice(2))
  if (settings === 'help') {
    process.stdout.write(USAGE)
    return
  }
  if ('complaint' in settings) {
    process.stderr.write(`${settings.complaint}\nSee --help.\n`)
    process.exitCode = EXIT_USAGE
    return
  }
  try {
    await serve(settings)
  } catch (error) {
    process.stderr.write(`cannot serve at ${settings.host}:${settings.port}: ${messageOf(error)}\n`)
    process.exitCode = EXIT_CONFIGURATION
  }
}

async function serve({ latency, cardOf, ...place }: ArraySettings): Promise<void> {
  const onException = (error: unknown) => process.stderr.write(`card.failed ${messageOf(error)}\n`)
  const array = await ArrayServer.listen({ ...place, clock: systemClock, latency: LATENCY_PROFILES[latency] })
  for (let board = 1; board <= place.boards; board++) {
    for (let slot = 1; slot <= place.slotsPerBoard; slot++) {
      const number = board * 100 + slot
      array.insert(number, new Card({ ...cardOf(number), onException }))
    }
  }
  const told = new Promise((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  process.stdout.write(`array.ready port=${array.port}\n`)
  await told
  await array[Symbol.asyncDispose]()
}

const EXIT_USAGE = 64
const EXIT_CONFIGURATION = 78
const USAGE = `Usage: sim-array-server [options]

Serves a SIM array, boards of slots with a simulated secure element each, with the line protocol that the
sim-array driver speaks. Prints the line array.ready when clients may connect; SIGTERM and SIGINT end it.
There is no authentication: whoever reaches the port uses the cards.

  --host ADDRESS         where to listen (default 127.0.0.1)
  --port NUMBER          default 2310; 0 takes a free one, which array.ready names
  --boards NUMBER        1 to 99 (default 1)
  --slots NUMBER         of each board, 1 to 99 (default 16); the first one of board 1 has the number 101
  --sen-template NAME    server name of the cards, % stands for the slot's number (default sim%.com)
  --applet NAME          keystore (default), echo, tls-im, or none for blank cards
  --protocol NAME        t0 (default) or t1
  --latency NAME         none (default), p71 or javacard-2020
  --help                 this text

Example: sim-array-server --boards 2 --slots 8 --sen-template key%.com
`

await main()
