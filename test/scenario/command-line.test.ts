import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { IOSED } from '../support/gateway.ts'

const directory = mkdtempSync(join(tmpdir(), 'iosed-'))
after(() => rmSync(directory, { recursive: true }))
let files = 0

/** A configuration file of its own. */
function configFile(toml: string): string {
  const file = join(directory, `${files++}.toml`)
  writeFileSync(file, toml)
  return file
}

async function iosed(...args: string[]): Promise<{ exitCode: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [IOSED, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_000,
    env: { ...process.env, XDG_STATE_HOME: directory },
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
  const [exitCode] = (await once(child, 'close')) as [unknown]
  return { exitCode, ...said }
}

/** Checks that --check-config says no to `toml`, and what it says. */
async function checkBad(toml: string, message: RegExp): Promise<string> {
  const file = configFile(toml)
  const { exitCode, stdout, stderr } = await iosed('--check-config', '--config', file)
  assert.equal(exitCode, 78)
  assert.equal(stdout, '')
  assert.ok(stderr.startsWith(`iosed: ${file}: `), stderr)
  assert.match(stderr, message)
  return stderr
}

test('--check-config says that a good file is good, and starts nothing', async () => {
  const file = configFile('gateway.name = "here"\n[[slots]]\ndriver = "simulator"\ncount = 3\n')
  const { exitCode, stdout, stderr } = await iosed('--check-config', '--config', file)
  assert.deepEqual(
    { exitCode, stdout, stderr },
    { exitCode: 0, stdout: `${file}: good, 3 slots\n`, stderr: '' },
  )
})

test('--check-config --users checks who may use what, too', async () => {
  const [file, good, bad] = ['', '[users.alice]\ncn = "alice"\nseids = ["sim1"]\n', '[users.alice]\n'].map(
    configFile,
  )
  const passed = await iosed('--check-config', '--config', file ?? '', '--users', good ?? '')
  assert.deepEqual([passed.exitCode, passed.stdout.split('\n')[1]], [0, `${good ?? ''}: good, 1 users`])
  const failed = await iosed('--check-config', '--config', file ?? '', '--users', bad ?? '')
  assert.equal(failed.exitCode, 78)
  assert.ok(failed.stderr.startsWith(`iosed: ${bad ?? ''}: `), failed.stderr)
  const missing = await iosed('--check-config', '--users', join(directory, 'none.toml'))
  assert.deepEqual([missing.exitCode, /cannot read .*none\.toml/.test(missing.stderr)], [78, true])
  const alone = await iosed('--users', good ?? '')
  assert.deepEqual([alone.exitCode, /--users goes with --check-config only/.test(alone.stderr)], [64, true])
})

test('--check-config names file, path and value of what is wrong', async () => {
  await Promise.all([
    checkBad('tls_se.listen = "127.0.0.1"', /tls_se\.listen: found "127\.0\.0\.1", expected an address/),
    checkBad('tls_se.queue_length = "8"', /tls_se\.queue_length: found "8", expected number/),
    checkBad('tls_se.max_connections = 0', /tls_se\.max_connections: found 0, expected >=1/),
    checkBad('[tls_se\nlisten = 1', /line 1, column \d+/),
  ])
})

test('--check-config names the known key that is nearest to an unknown one', async () => {
  const slot = '[[slots]]\ndriver = "simulator"\naplet = "echo"'
  await Promise.all([
    checkBad('tls_se.idle_timeout = 5', /tls_se\.idle_timeout: unknown key; .* 'idle_timeout_ms'/),
    checkBad('[tlsse]', /tlsse: unknown key; .* 'tls_se'/),
    checkBad(slot, /slots\[0\]\.aplet: unknown key; .* 'applet'/),
  ])
})

test('no message about the configuration shows a PSK', async () => {
  const slot = `[[slots]]\ndriver = "simulator"\npsk = "${'C0FFEE'.repeat(11)}"`
  const messages = await Promise.all([
    checkBad(slot, /slots\[0\]\.psk: found \[secret\], expected 64 hex digits/),
    checkBad(slot.replace(/"$/, ''), /line 3/),
    checkBad(slot.replace(/psk = .*/, 'psk = 31337'), /slots\[0\]\.psk: found \[secret\]/),
    checkBad(slot.replace('psk', 'psk_'), /psk_: unknown key; .* 'psk'/),
  ])
  for (const message of messages) assert.doesNotMatch(message, /C0FFEE|31337/i)
})

test('--print-default-config prints a file that --check-config accepts', async () => {
  const printed = await iosed('--print-default-config')
  assert.deepEqual([printed.exitCode, printed.stderr], [0, ''])
  const file = configFile(printed.stdout)
  const { exitCode, stdout } = await iosed('--check-config', '--config', file)
  assert.deepEqual([exitCode, stdout], [0, `${file}: good, 5 slots\n`])
})

test('--version and --help print what they say, and an unknown option is misuse', async () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string
  }
  assert.deepEqual(await iosed('--version'), { exitCode: 0, stdout: `${manifest.version}\n`, stderr: '' })
  const help = await iosed('--help')
  assert.deepEqual([help.exitCode, help.stderr], [0, ''])
  for (const option of ['--config FILE', '--check-config', '--print-default-config', '--version'])
    assert.ok(help.stdout.includes(option), option)
  const unknown = await iosed('--confg', 'x')
  assert.deepEqual([unknown.exitCode, unknown.stdout], [64, ''])
  assert.match(unknown.stderr, /--confg[^]*Try: iosed --help/)
  assert.equal((await iosed('start')).exitCode, 64)
})

test('a configuration file that is missing is an error of configuration that names it', async () => {
  const file = join(directory, 'nowhere.toml')
  const { exitCode, stdout, stderr } = await iosed('--config', file)
  assert.deepEqual([exitCode, stdout], [78, ''])
  assert.match(stderr, /^iosed: cannot read .*nowhere\.toml: ENOENT/)
})

test('a port that is taken is an error of configuration that names who holds it', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  for (const [taken, other] of [
    ['tls_se', 'racs'],
    ['racs', 'tls_se'],
  ] as const) {
    const file = configFile(`${taken}.listen = "127.0.0.1:${port}"\n${other}.listen = "127.0.0.1:0"`)
    const { exitCode, stderr } = await iosed('--config', file)
    assert.equal(exitCode, 78)
    const expected = `iosed: ${taken}.listen: cannot bind 127.0.0.1:${port} held by node (pid ${process.pid})`
    assert.ok(stderr.startsWith(expected), stderr)
  }
  holder.close()
})
