// `iose attach`: elements of a gateway as cards of a real pcscd, for programs that know nothing but PC/SC.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { sharedCa } from '../support/certificates.ts'
import { Gateway } from '../support/gateway.ts'
import { IOSE } from '../support/iose.ts'
import { FIRST_PORT, PrivatePcscd } from '../support/pcscd.ts'
import { isMissing } from '../support/peers.ts'
import { until } from '../support/until.ts'

const ATR = '3b:88:80:01:6b:65:79:31:2e:63:6f:6d:00'
const SELECT_APPLET = '00A4040006010203040500'
const SELECT_ISSUER_DOMAIN = '00A4040008A000000151000000'
/** The applet knows it, the issuer domain does not. */
const LIST_KEYS = '0087000000'
const PATIENCE_MS = 15_000

const skip =
  PrivatePcscd.isMissing() ||
  isMissing('opensc-tool', '--version') ||
  isMissing('opensc-explorer', '--help') ||
  isMissing('pcsc_scan', '-V')
const pcscd = skip === false ? PrivatePcscd.prepare(['Remote']) : undefined

before(() => pcscd?.start())
after(() => pcscd?.[Symbol.asyncDispose]())

/** A program that runs, and what it has said so far. */
class Program implements AsyncDisposable {
  said = ''
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown[]>

  constructor([program = '', ...args]: readonly string[]) {
    const env = { ...process.env, ...pcscd?.env }
    this.#child = spawn(program, args, { env, timeout: 60_000 })
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.said += chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.said += chunk.toString()))
    this.#child.stdin?.on('error', () => undefined)
    this.#closed = once(this.#child, 'close')
  }

  type(input: string): this {
    this.#child.stdin?.end(input)
    return this
  }

  /** Resolves to the exit code. */
  async ended(): Promise<unknown> {
    return (await this.#closed)[0]
  }

  async says(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.said) || this.#child.exitCode !== null, PATIENCE_MS)
    assert.match(this.said, pattern)
  }

  end(signal: NodeJS.Signals): Promise<unknown> {
    this.#child.kill(signal)
    return this.ended()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) await this.end('SIGKILL')
  }
}

/** A PC/SC program to its end, which must be good: what it said. */
async function use(command: readonly string[], input = ''): Promise<string> {
  const program = new Program(command).type(input)
  assert.equal(await program.ended(), 0, program.said)
  return program.said
}

/** Status words and data of APDUs by `opensc-tool` as such, which selects nothing by itself. */
async function send(...commands: string[]): Promise<string[]> {
  const said = await use([
    'opensc-tool',
    '-c',
    'default',
    '-r',
    '0',
    ...commands.flatMap((apdu) => ['-s', apdu]),
  ])
  return [...said.matchAll(/SW1=0x(..), SW2=0x(..)/g)].map(([, sw1 = '', sw2 = '']) => sw1 + sw2)
}

function ioseAt({ racsPort }: Gateway, user: string, ...args: string[]): Program {
  const ca = sharedCa()
  const credentials = [
    '--cert',
    ca.path(`${user}.pem`),
    '--key',
    ca.path(`${user}.key`),
    '--ca',
    ca.path('ca.pem'),
  ]
  const place = ['--gateway', `127.0.0.1:${racsPort}`, ...credentials]
  return new Program([...pcscd!.inside, process.execPath, IOSE, ...args, ...place])
}

/** `iose attach` as soon as the element is in the reader. */
async function attached(gateway: Gateway, ...args: string[]): Promise<Program> {
  const iose = ioseAt(gateway, 'client', 'attach', ...args)
  await iose.says(/ is a reader of pcscd now/)
  await cardIs('inserted')
  return iose
}

/** Waits until pcscd has seen its card come or go. */
async function cardIs(state: 'inserted' | 'removed', reader = 0): Promise<void> {
  const limit = performance.now() + PATIENCE_MS
  const isSo = async (): Promise<boolean> => {
    const said = await use(['opensc-tool', '-l'])
    return new RegExp(`^${reader} +${state === 'inserted' ? 'Yes' : 'No'} `, 'm').test(said)
  }
  while (!(await isSo())) assert.ok(performance.now() < limit, `the card is not ${state}`)
}

const startGateway = (toml = ''): Promise<Gateway> => Gateway.start(toml, {}, pcscd!.inside)

test('attach: opensc-tool sees the ATR, and sends APDUs; a second one goes on where the first was', {
  skip,
}, async () => {
  await using gateway = await startGateway()
  await using iose = await attached(gateway, 'sim1')
  assert.match(
    iose.said,
    /^sim1 is a reader of pcscd now \(vpcd 127\.0\.0\.1:35963, ATR 3B[0-9A-F]+\); Ctrl-C ends it\n$/,
  )
  assert.ok((await use(['opensc-tool', '-a'])).includes(ATR))
  assert.match(await use(['opensc-tool', '-n']), /^\S/)
  assert.deepEqual(await send(SELECT_ISSUER_DOMAIN, LIST_KEYS), ['9000', '6D00'])
  assert.deepEqual(await send(LIST_KEYS), ['6D00'])
  for (const kind of ['cold', 'warm']) {
    await send(SELECT_ISSUER_DOMAIN)
    assert.ok((await use(['opensc-tool', '-c', 'default', `--reset=${kind}`, '-a'])).includes(ATR))
    // The element itself was reset: its applet is selected again.
    assert.deepEqual(await send(LIST_KEYS), ['6380'])
  }
  assert.equal(await iose.end('SIGINT'), 0)
  await cardIs('removed')
})

test('attach: opensc-explorer and pcsc_scan work unchanged', { skip }, async () => {
  await using gateway = await startGateway()
  await using iose = await attached(gateway, 'sim1')
  const said = await use(
    ['opensc-explorer', '-r', '0'],
    `info\napdu ${SELECT_APPLET}\napdu ${LIST_KEYS}\nquit\n`,
  )
  assert.match(said, /File path: +3F00/)
  assert.match(said, /SW1=0x90, SW2=0x00[^]*SW1=0x63, SW2=0x80/)
  assert.match(await use(['pcsc_scan', '-r']), /^0: Remote 00 00\n/)
  const card = /Reader 0: Remote 00 00[^]*Card inserted[^]*ATR: 3B 88 80 01 6B 65 79 31 2E 63 6F 6D 00/
  assert.match(await use(['pcsc_scan', '-c']), card)
  const scan = new Program(['pcsc_scan', '-n'])
  await scan.says(card)
  assert.equal(await iose.end('SIGTERM'), 0)
  await scan.says(/Reader 0: Remote 00 00[^]*Card inserted[^]*Reader 0: Remote 00 00[^]*Card removed/)
  await scan.end('SIGINT')
})

test('attach: what the gateway forbids is 6982, and nothing else changes', { skip }, async () => {
  await using gateway = await startGateway()
  await using iose = await attached(gateway, 'sim1')
  assert.deepEqual(await send(LIST_KEYS), ['6982'])
  assert.deepEqual(await send(SELECT_APPLET, 'FF84000008', LIST_KEYS), ['9000', '6982', '6380'])
  assert.doesNotMatch(iose.said, /next try/)
})

test('attach: pcscd goes and comes back, and so does the card, under the same lease', { skip }, async () => {
  await using gateway = await startGateway()
  await using iose = await attached(gateway, 'sim1')
  await pcscd!.end()
  await iose.says(/^iose: sim1 is in no reader now: pcscd hung up.*; next try in 1 s$/m)
  await pcscd!.start()
  await iose.says(/ is a reader[^]* is a reader/)
  await cardIs('inserted')
  assert.deepEqual(await send(SELECT_APPLET, LIST_KEYS), ['9000', '6380'])
  assert.equal(gateway.all('lease.granted').length, 1)
})

test('attach: two elements of T=0 in the two slots of a reader', { skip }, async () => {
  await using gateway = await startGateway(
    '[[slots]]\ndriver = "simulator"\ncount = 3\nsen = "key{n}.com"\nprotocol = "t0"\n',
  )
  await using first = await attached(gateway, 'sim1')
  const vpcd = `127.0.0.1:${FIRST_PORT + 1}`
  await using second = await attached(gateway, 'sim3', '--vpcd', vpcd)
  await cardIs('inserted', 1)
  assert.match(await use(['opensc-tool', '-r', '0', '-a']), /^3b:68:00:00:6b:65:79:31/m)
  assert.match(await use(['opensc-tool', '-r', '1', '-a']), /^3b:68:00:00:6b:65:79:33/m)
  assert.deepEqual(await send(SELECT_APPLET, LIST_KEYS), ['9000', '6380'])
  assert.equal(await second.end('SIGINT'), 0)
  assert.deepEqual(await send(SELECT_APPLET), ['9000'])
  assert.equal(await first.end('SIGINT'), 0)
})

test('attach: others are told who has the element, and have it after Ctrl-C', { skip }, async () => {
  await using gateway = await startGateway()
  await using iose = await attached(gateway, 'sim1')
  const other = ioseAt(gateway, 'operator', 'attach', 'sim1', '--vpcd', `127.0.0.1:${FIRST_PORT + 1}`)
  assert.equal(await other.ended(), 1)
  assert.match(other.said, /^iose: POWERON refused: in use.*\(-708\): .*held by racs client .*\nNext: /)
  assert.equal(await iose.end('SIGINT'), 0)
  assert.equal(await ioseAt(gateway, 'operator', 'racs', 'poweron', 'sim1').ended(), 0)
})

test('attach: what cannot begin says why, and what to do', { skip }, async () => {
  await using gateway = await startGateway()
  const failures: [args: string[], exitCode: number, said: RegExp][] = [
    [['sim2'], 1, /^iose: POWERON refused: not authorised \(-608\): .*\nNext: iose racs list/],
    [
      ['sim1', '--vpcd', '127.0.0.1:1'],
      2,
      /^iose: no virtual reader at 127\.0\.0\.1:1: .*\nNext: apt-get install/,
    ],
    [['sim1', '--vpcd', '1'], 64, /^iose: --vpcd 1: not of the form/],
    [['sim1', 'sim2'], 64, /^iose: usage: iose attach SEID/],
    [['a b'], 64, /^iose: an SEID is/],
  ]
  for (const [args, exitCode, said] of failures) {
    const iose = ioseAt(gateway, 'client', 'attach', ...args)
    assert.equal(await iose.ended(), exitCode, iose.said)
    assert.match(iose.said, said)
  }
  const first = await attached(gateway, 'sim1')
  const late = ioseAt(gateway, 'client', 'attach', 'sim3', '--json')
  // The reader has its card.
  await late.says(/another card may be in it/)
  assert.equal(await late.ended(), 2)
  await first.end('SIGINT')
})

test('attach: the gateway goes, the card is pulled', { skip }, async () => {
  const gateway = await startGateway()
  await using iose = await attached(gateway, 'sim1')
  await gateway[Symbol.asyncDispose]()
  await iose.says(/^iose: sim1 is in no reader now: 127\.0\.0\.1:\d+: .*; next try in 1 s$/m)
  await cardIs('removed')
  await iose.says(/nobody listens there; next try in 2 s$/m)
  assert.equal(await iose.end('SIGINT'), 0)
})
