// A simulated card as a program of its own: node dist/simulator/card-process.js --help.

import { systemClock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { Card } from './card.ts'
import type { CardEndOptions } from './card-end.ts'
import { plugCard } from './card-plug.ts'
import { serveCard } from './card-server.ts'
import { settingsOf } from './card-settings.ts'
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
  const onException = (error: unknown) => process.stderr.write(`card.failed ${messageOf(error)}\n`)
  const card = {
    card: new Card({ ...settings.card, onException }),
    clock: systemClock,
    latency: LATENCY_PROFILES[settings.latency],
  }
  const { place } = settings
  if ('path' in place) await serve(place.path, card)
  else await plug(place, card)
}

async function serve(path: string, card: CardEndOptions): Promise<void> {
  try {
    await removeStaleSocket(path)
    const server = await serveCard({ ...card, path })
    process.stdout.write(READY)
    await told()
    await server[Symbol.asyncDispose]()
  } catch (error) {
    process.stderr.write(`cannot serve a card at ${path}: ${messageOf(error)}\n`)
    process.exitCode = EXIT_CONFIGURATION
  }
}

async function plug(reader: { host: string; port: number }, card: CardEndOptions): Promise<void> {
  const plugged = plugCard({ ...card, ...reader, onPlugged: () => process.stdout.write(READY) })
  await told()
  plugged[Symbol.dispose]()
}

function told(): Promise<unknown> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
}

const READY = 'card.ready\n'
const EXIT_USAGE = 64
const EXIT_CONFIGURATION = 78
const USAGE = `Usage: card-process --socket PATH | --vpcd HOST:PORT [options]

One simulated secure element: at a Unix socket with the framing of vsmartcard's virtual reader (vpcd), or in such a
reader. Prints the line card.ready when clients may connect, or whenever it is in the reader; SIGTERM and SIGINT end
it.

  --socket PATH      where to listen; the file is removed at exit
  --vpcd HOST:PORT   the reader to dial, again and again while it is not there; that of pcscd: 127.0.0.1:35963
  --sen NAME         server name of the card, 1 to 15 characters
  --applet NAME      keystore (default), echo, tls-im, or none for a blank card
  --protocol NAME    t1 (default) or t0
  --latency NAME     none (default), p71 or javacard-2020
  --psk-file FILE    pre-shared key: 64 hex digits or 32 raw bytes
  --scp NAME         secure channel of the issuer domain: scp03 (default) or scp02
  --max-key-tries N  wrong keys in a row after which the issuer domain blocks itself; default: never
  --help             this text

Example: card-process --socket /run/iose/card1 --sen key1.com --latency p71
`

await main()
