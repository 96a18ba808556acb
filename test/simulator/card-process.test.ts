import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
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
    [[], /--socket is missing/],
    [['--socket', 'x', '--applet', 'tls'], /--applet tls is none of keystore, echo, none/],
    [['--socket', 'x', '--protocol', 't2'], /--protocol t2 is none of t1, t0/],
    [['--socket', 'x', '--latency', 'slow'], /--latency slow is none of none, p71, javacard-2020/],
    [['--socket', 'x', '--sen', 'sixteen-letters!'], /no server name/],
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
      path: 'x',
      latency: 'none',
      card: { applet: 'keystore', protocol: 't1', sen: undefined, psk: new Uint8Array(32).fill(0xab) },
    })
  }
})
