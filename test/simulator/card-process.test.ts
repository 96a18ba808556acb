import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { settingsOf } from '../../src/simulator/card-settings.ts'
import { bytes } from '../support/vectors.ts'

const PROGRAM = resolve(import.meta.dirname, '../../src/simulator/card-process.ts')
const LIMIT = { timeout: 30_000 }

interface Program {
  child: ChildProcess
  said(): string
  /** Exit code and everything said, once it has ended. */
  ended: Promise<{ code: number | null; said: string }>
}

function start(context: TestContext, ...args: string[]): Program {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  context.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, said }))
  return { child, said: () => said, ended }
}

async function ready(program: Program): Promise<void> {
  while (!program.said().includes('card.ready\n')) {
    assert.equal(program.child.exitCode, null, program.said())
    await once(program.child.stdout!, 'data')
  }
}

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'card-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Sends frames at a fresh connection and collects an answer of `length` bytes, then goes. */
async function ask(path: string, hex: string, length: number): Promise<string> {
  const socket = connect(path)
  socket.write(bytes(hex))
  let heard = ''
  for await (const chunk of socket) {
    heard += hexOf(chunk as Buffer)
    if (heard.length >= 2 * length) break
  }
  return heard
}

test(
  'card process: serves a personalised card that survives its clients, and ends cleanly',
  LIMIT,
  async (context) => {
    const home = directory(context)
    const path = join(home, 'card')
    const psk = join(home, 'psk')
    writeFileSync(psk, `${'ab'.repeat(32)}\n`)
    const program = start(
      context,
      '--socket',
      path,
      '--sen',
      'key7.com',
      '--protocol',
      't0',
      '--psk-file',
      psk,
    )
    await ready(program)
    assert.equal(program.said(), 'card.ready\n')
    assert.equal(statSync(path).mode & 0o777, 0o600)

    const wrongPin = '0001 01 | 000d 0020000108 3131313131313131'
    assert.equal(await ask(path, wrongPin, 4), '00026309')
    // Whoever comes next finds the counter of the EEPROM, and the name that the first power-on set.
    assert.equal(await ask(path, wrongPin, 4), '00026308')
    assert.equal(await ask(path, '0001 01 | 0001 04', 14), '000C3B6800006B6579372E636F6D')
    assert.equal(await ask(path, '0001 03', 1), '')
    assert.equal(await ask(path, '0001 01 | 0005 00d8000000', 4), '00029000')

    program.child.kill('SIGTERM')
    assert.deepEqual(await program.ended, { code: 0, said: 'card.ready\n' })
    assert.ok(!existsSync(path))
  },
)

test(
  'card process: takes the place of a killed one, not of a living one, and SIGTERM disconnects clients',
  LIMIT,
  async (context) => {
    const path = join(directory(context), 'card')
    const killed = start(context, '--socket', path)
    await ready(killed)
    killed.child.kill('SIGKILL')
    await killed.ended
    assert.ok(existsSync(path))

    const living = start(context, '--socket', path, '--applet', 'none')
    await ready(living)
    const { code, said } = await start(context, '--socket', path).ended
    assert.equal(code, 78)
    assert.match(said, /EADDRINUSE/)

    const client = connect(path).on('error', () => undefined)
    await once(client, 'connect')
    living.child.kill('SIGTERM')
    assert.equal((await living.ended).code, 0)
  },
)

test('card process: says what it does not like, and how it is used', LIMIT, async (context) => {
  const refused = await start(context, '--colour').ended
  assert.equal(refused.code, 64)
  assert.match(refused.said, /Unknown option '--colour'/)
  const help = await start(context, '--help').ended
  assert.equal(help.code, 0)
  assert.match(help.said, /^Usage: card-process/)
})

test('card settings: names, values and files are checked', (context) => {
  const home = directory(context)
  const psk = join(home, 'psk')
  writeFileSync(psk, 'short')
  const complaints: [string[], RegExp][] = [
    [[], /one of --socket and --vpcd/],
    [['--socket', 'x', '--vpcd', 'localhost:35963'], /one of --socket and --vpcd/],
    [['--vpcd', '35963'], /--vpcd 35963 is not HOST:PORT/],
    [['--vpcd', 'localhost:65536'], /--vpcd localhost:65536 is not HOST:PORT/],
    [['--socket', 'x', '--applet', 'tls'], /--applet tls is none of keystore, echo, tls-im, none/],
    [['--socket', 'x', '--protocol', 't2'], /--protocol t2 is none of t1, t0/],
    [['--socket', 'x', '--scp', 'scp01'], /--scp scp01 is none of scp03, scp02/],
    [['--socket', 'x', '--max-key-tries', '0'], /--max-key-tries 0 is not a number from 1 to 999/],
    [['--socket', 'x', '--latency', 'slow'], /--latency slow is none of none, p71, javacard-2020/],
    [['--socket', 'x', '--sen', 'sixteen-letters!'], /no server name/],
    [['--socket', 'x', '--applet', 'tls-im', '--sen', 'a.com'], /--sen a\.com: tls-im is no server/],
    [['--socket', 'x', '--psk-file', psk], /neither 64 hex digits nor 32 bytes/],
    [['--socket', 'x', '--psk-file', join(home, 'absent')], /ENOENT/],
  ]
  for (const [args, expected] of complaints) {
    const settings = settingsOf(args)
    assert.ok(typeof settings === 'object' && 'complaint' in settings)
    assert.match(settings.complaint, expected)
  }
  for (const content of [new Uint8Array(32).fill(0xab), `${'aB'.repeat(32)}\n`]) {
    writeFileSync(psk, content)
    assert.deepEqual(settingsOf(['--socket', 'x', '--psk-file', psk]), {
      place: { path: 'x' },
      latency: 'none',
      card: {
        ...{ applet: 'keystore', protocol: 't1', sen: undefined, psk: new Uint8Array(32).fill(0xab) },
        issuer: { scp: 'scp03', maxTries: undefined },
      },
    })
  }
})

test('card settings: a virtual reader has a name or an address', () => {
  const places: Record<string, unknown> = {
    'localhost:35963': { host: 'localhost', port: 35_963 },
    '[::1]:35963': { host: '::1', port: 35_963 },
  }
  for (const [reader, expected] of Object.entries(places)) {
    const settings = settingsOf(['--vpcd', reader])
    assert.ok(typeof settings === 'object' && 'place' in settings)
    assert.deepEqual(settings.place, expected)
  }
})

test(
  'card process: dials a virtual reader until it is there, and again when it is back',
  LIMIT,
  async (context) => {
    const reader = createServer()
    reader.listen(0, '127.0.0.1')
    await once(reader, 'listening')
    const { port } = reader.address() as AddressInfo
    reader.close()
    await once(reader, 'close')
    const program = start(context, '--vpcd', `127.0.0.1:${port}`, '--sen', 'key7.com')
    for (const name of ['', '6B6579372E636F6D']) {
      reader.listen(port, '127.0.0.1')
      const [socket] = (await once(reader, 'connection')) as [Socket]
      await ready(program)
      // An extended command is the card's to refuse. Cards show their name one reset late.
      socket.write(bytes(`0001 01 | 0001 04 | 012b ${'00'.repeat(0x12b)}`))
      const length = name === '' ? 7 + 4 : 15 + 4
      const heard: Buffer[] = []
      for await (const chunk of socket) {
        heard.push(chunk as Buffer)
        if (Buffer.concat(heard).length >= length) break
      }
      const said = hexOf(Buffer.concat(heard))
      assert.ok(said.includes(name), said)
      assert.ok(said.endsWith('00026700'), said)
      reader.close()
      await once(reader, 'close')
    }
    program.child.kill('SIGTERM')
    assert.deepEqual(await program.ended, { code: 0, said: 'card.ready\ncard.ready\n' })
  },
)
