// Keys and PINs in every place where a client can put one, ten thousand times, and then a search for them in everything
// that the gateway says or shows.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Gateway } from '../support/gateway.ts'
import { iose } from '../support/iose.ts'
import { helloFor, RawPeer } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'

const PIN = 'pin-8c1f6d'
const PSK = 'C0FFEE00DECADE00BADCAB1E5EED5EEDC0FFEE00DECADE00BADCAB1E5EED5EED'
const KEYS = 'FACADE11FACADE22FACADE33FACADE44'
const PIN_HEX = Buffer.from(PIN).toString('hex').toUpperCase()

const MAX_FACE = 24

let gateway: Gateway
const reports = mkdtempSync(join(tmpdir(), 'canaries-'))
before(async () => {
  const options = `--report-on-signal --report-directory=${reports}`
  gateway = await Gateway.start(
    `[[slots]]\ndriver = "simulator"\nseid = "sim1"\nsen = "key1.com"\npsk = "${PSK}"\n`,
    { NODE_OPTIONS: options },
  )
})
after(async () => {
  await gateway[Symbol.asyncDispose]()
  rmSync(reports, { recursive: true })
})

/** Every way in which one secret looks, as far as it takes to know it: a part of it is too much as well. */
function facesOf(secret: string): string[] {
  const bytes = /^[0-9A-F]+$/.test(secret) ? Buffer.from(secret, 'hex') : Buffer.from(secret)
  const faces = [secret, secret.toLowerCase(), bytes.toString('hex'), bytes.toString('hex').toUpperCase()]
  const all = [...faces, bytes.toString('base64'), bytes.toString('base64url')]
  return [...new Set(all.map((face) => face.slice(0, MAX_FACE)))]
}

function checkClean(what: string, text: string): void {
  for (const secret of [PIN, PSK, KEYS])
    for (const face of facesOf(secret)) assert.ok(!text.includes(face), `${face} is in ${what}`)
}

/** Lines with a secret at each place of each command. */
function linesWith(secret: string, hex: string): string[] {
  return [
    ...['POWERON', 'SHUTDOWN', 'RESET', 'GET-SEN', 'SET-VERSION', 'TRIES', 'QUARANTINE', 'APDU'].map(
      (name) => `${name} ${secret}`,
    ),
    ...[
      secret,
      `${secret} ${secret}`,
      `RESET sim1 ${secret}`,
      `QUARANTINE sim1 ${secret}`,
      `TRIES sim1 ${secret}`,
    ],
    ...[`SEN ${secret}`, `SEN ${secret} ${secret} ${secret}`, `QUIT ${secret}`],
    ...[`APDU sim1 ${secret}`, `APDU sim1 ${hex}0`, `APDU ${secret} ${hex}`, `APDU sim1 00${hex}`],
    ...[`APDU sim1 00A4040006010203040500 ${secret}`, `APDU sim1 00A4040006010203040500 CONTINUE=${secret}`],
    `APDU sim1 00A40400${byte(hex)}${hex}`,
    `APDU sim1 0087000000 MORE=61 FETCH=${secret}`,
  ]
}

function byte(hex: string): string {
  return (hex.length / 2).toString(16).padStart(2, '0')
}

test('canaries: ten thousand requests with secrets in every field leave none behind', {
  timeout: 300_000,
}, async () => {
  const lines = [...linesWith(PIN, PIN_HEX), ...linesWith(PSK, PSK), ...linesWith(KEYS, KEYS)]
  await using peer = await RacsPeer.open(gateway.racsPort, 'operator')
  for (let sent = 0; sent < 10_000; sent += lines.length) await answered(peer, lines)
  // What an element gets, in clear: PINs, keys, the key of TLS-IM.
  const apdus = [
    `0020000004${PIN_HEX.slice(0, 8)}`,
    `80D8008110${KEYS}`,
    `8482010010${KEYS}`,
    `0085000A23010020${PSK}`,
  ]
  for (const apdu of apdus)
    await peer.ask('POWERON sim1', 'APDU sim1 00A4040006010203040500', `APDU sim1 ${apdu}`)
  for (let n = 0; n < 50; n++) {
    for (const hello of [
      helloFor(PSK.slice(0, 63)),
      helloFor(`key1.com:${PSK.slice(0, 50)}`),
      Buffer.from(`${PSK}\r\n${PIN}`),
    ]) {
      using raw = await RawPeer.connect(gateway.port)
      await raw.send(hello).ended()
    }
  }
  const said: string[] = []
  for (const path of [`/${PSK}`, `/api/slots?token=${PSK}`, `/api/${KEYS}`, `/api/slots`]) {
    for (const authorization of [`Bearer ${PSK}`, PIN])
      said.push(await get(path, { authorization, cookie: KEYS }))
  }
  const token = readFileSync(join(gateway.stateDir, 'status.token'), 'utf8').trim()
  for (const path of ['/', '/api/slots', '/metrics', '/health/ready', '/api/sessions'])
    said.push(await get(path, { authorization: `Bearer ${token}` }))
  checkClean('what the status plane says', said.join('\n'))
  checkClean('the log', JSON.stringify(gateway.lines))
  for (const file of filesIn(gateway.stateDir)) checkClean(file, readFileSync(file, 'latin1'))
  gateway.signal('SIGUSR2')
  checkClean('the report of a crash', await reportIn(reports))
  checkClean('the command line', readFileSync(`/proc/${gateway.pid}/cmdline`, 'latin1'))
  checkClean('the environment', readFileSync(`/proc/${gateway.pid}/environ`, 'latin1'))
})

test('canaries: what `iose` says when something is wrong shows no secret', async () => {
  const env = { XDG_CONFIG_HOME: gateway.stateDir, XDG_STATE_HOME: gateway.stateDir, CANARY: PSK }
  const uri = `shellS://key1.com:${PSK}@127.0.0.1`
  const calls: string[][] = [
    ['call', `${uri}:1`, '?00'],
    ['call', `${uri}:${gateway.port}/${KEYS}`],
    ['call', `shellS://key1.com:${PSK}0@127.0.0.1:1`],
    ['call', `shellS://key1.com@127.0.0.1:1`, '--psk-env', 'CANARY', `?AA${KEYS}`],
    ['attest', `${uri}:1`, '--role', 'user', '--issuer-pub', 'none.pem'],
    ['gp', 'list', '--seid', 'sim1', '--key-set-env', 'CANARY', '--gateway', '127.0.0.1:1'],
    ['racs', 'apdu', 'sim1', `${PSK}0`],
    ['racs', 'run', `racs://127.0.0.1:1/?APDU=sim1%20${KEYS}`],
  ]
  for (const call of calls) {
    const { stdout, stderr, exitCode } = await iose(call, { env })
    assert.notEqual(exitCode, 0)
    checkClean(`${call[0] ?? ''}: ${stderr}`, stdout + stderr)
  }
})

/** Sends each line as a request of its own, all at once, and waits for all answers. */
async function answered(peer: RacsPeer, lines: readonly string[]): Promise<void> {
  await peer.send(lines.map((line) => `BEGIN\r\n${line}\r\nEND\r\n`).join(''))
  let text = ''
  while ((text.match(/^END\r$/gm)?.length ?? 0) < lines.length) {
    assert.ok(!peer.isClosed, text.slice(-200))
    text += await peer.take(1)
  }
}

/** What Node writes about a process that crashes, here at a signal. */
async function reportIn(directory: string): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const [name] = readdirSync(directory)
    const text = name === undefined ? '' : readFileSync(join(directory, name), 'latin1')
    if (text.trimEnd().endsWith('}')) return text
    await delay(25)
  }
  assert.fail('no report was written')
}

function* filesIn(directory: string): Generator<string> {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (statSync(path).isDirectory()) yield* filesIn(path)
    else if (statSync(path).isFile()) yield path
  }
}

/** Head and body of an answer of the status plane. */
function get(path: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: gateway.statusPort, path, headers }, (response) => {
      let text = JSON.stringify(response.headers)
      response.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
      response.on('end', () => resolve(text))
    })
    asked.on('error', reject)
    asked.end()
  })
}
