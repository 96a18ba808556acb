// A simulated card as a program of its own: node dist/simulator/card-process.js --socket PATH [options].

import { systemClock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { Card } from './card.ts'
import { serveCard } from './card-server.ts'
import { type CardSettings, settingsOf } from './card-settings.ts'
import { LATENCY_PROFILES } from './latency.ts'
import { removeStaleSocket } from './stale-socket.ts'

async function main(): Promise<void> {
  const settings = settingsOf(process.argv.slice(2))
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
    process.stderr.write(`cannot serve a card at ${settings.path}: ${messageOf(error)}\n`)
    process.exitCode = EXIT_CONFIGURATION
  }
}

async function serve({ path, card, latency }: CardSettings): Promise<void> {
  const onException = (error: unknown) => process.stderr.write(`card.failed ${messageOf(error)}\n`)
  await removeStaleSocket(path)
  const server = await serveCard({
    card: new Card({ ...card, onException }),
    path,
    clock: systemClock,
    latency: LATENCY_PROFILES[latency],
  })
  const told = new Promise((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  process.stdout.write('card.ready\n')
  await told
  await server[Symbol.asyncDispose]()
}

const EXIT_USAGE = 64
const EXIT_CONFIGURATION = 78
const USAGE = `Usage: card-process --socket PATH [options]

Serves one simulated secure element at a Unix socket, with the framing of vsmartcard's virtual reader.
Prints the line card.ready when clients may connect; SIGTERM and SIGINT end it.

  --socket PATH      where to listen; the file is removed at exit
  --sen NAME         server name of the card, 1 to 15 characters
  --applet NAME      keystore (default), echo, or none for a blank card
  --protocol NAME    t1 (default) or t0
  --latency NAME     none (default), p71 or javacard-2020
  --psk-file FILE    pre-shared key: 64 hex digits or 32 raw bytes
  --help             this text

Example: card-process --socket /run/iose/card1 --sen key1.com --latency p71
`

await main()
