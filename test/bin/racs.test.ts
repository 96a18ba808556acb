import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { iose, type Said } from '../support/iose.ts'
import { linesOf, type ScriptedGateway } from '../support/scripted-gateway.ts'
import { smallGateway } from '../support/small-gateway.ts'
import { TestPki } from '../support/test-pki.ts'

const pki = new TestPki()
const directory = mkdtempSync(join(tmpdir(), 'iose-racs-'))
const env = { XDG_CONFIG_HOME: join(directory, 'config'), XDG_STATE_HOME: join(directory, 'state') }
let gateway: ScriptedGateway

before(async () => {
  gateway = await smallGateway(pki)
})
after(async () => {
  await gateway[Symbol.asyncDispose]()
  pki.remove()
  rmSync(directory, { recursive: true })
})

const file = (name: string): string => join(pki.directory, name)
const credentials = ['--cert', file('client.pem'), '--key', file('client.key'), '--ca', file('ca.pem')]

/** `iose racs ...` against the gateway, and what the gateway was asked. */
async function racs(args: readonly string[], input = ''): Promise<Said & { asked: string[] }> {
  const already = gateway.requests.length
  const place = ['--gateway', `127.0.0.1:${gateway.port}`, ...credentials]
  const said = await iose(['racs', ...args, ...place], { env, input })
  return { ...said, asked: gateway.requests.slice(already).flatMap(linesOf) }
}

/** Checks exit code and standard output; nothing may be on standard error. */
async function check(args: readonly string[], stdout: string, asked?: readonly string[]): Promise<void> {
  const said = await racs(args)
  assert.deepEqual([said.exitCode, said.stdout, said.stderr], [0, stdout, ''])
  if (asked !== undefined) assert.deepEqual(said.asked, asked)
}

/** Checks exit code and standard error; nothing may be on standard output. */
async function checkFailed(args: readonly string[], exitCode: number, stderr: RegExp): Promise<string[]> {
  const said = await racs(args)
  assert.deepEqual([said.exitCode, said.stdout], [exitCode, ''])
  assert.match(said.stderr, stderr)
  return said.asked
}

test('iose racs list: prints a SEID a line, or an array', async () => {
  await check(['list'], 'sim1\nsim2\n')
  await check(['list', '--json'], '["sim1","sim2"]\n')
})

test('iose racs poweron, shutdown, reset: are done, as asked', async () => {
  await check(['poweron', 'sim1'], 'SEID sim1 POWERON\n', ['POWERON sim1'])
  await check(['shutdown', 'sim1', '--quiet'], '', ['SHUTDOWN sim1'])
  await check(['reset', 'sim1', '--warm'], 'SEID sim1 RESET WARM\n', ['POWERON sim1', 'RESET sim1 WARM'])
  const json = '{"seid":"sim1","status":"+005","text":"SEID sim1 RESET"}\n'
  await check(['reset', 'sim1', '--json'], json, ['POWERON sim1', 'RESET sim1'])
})

test('iose racs sen: shows, changes and takes back the name', async () => {
  await check(['sen', 'sim1'], 'key1.com  AID default\n', ['GET-SEN sim1'])
  await check(['sen', 'sim1', '--json'], '{"seid":"sim1","name":"key1.com","aid":null}\n')
  const named = 'SEN= foo.com AID= 0102030405\n'
  await check(['sen', 'sim1', 'foo.com', '0102030405'], named, ['SEN sim1 foo.com 0102030405'])
  await check(['sen', 'sim1', '--reset'], 'SEN= key1.com AID= default\n', ['SEN sim1'])
  await checkFailed(['sen', 'sim1', 'foo.com', '--reset'], 64, /exclude each other/)
})

test('iose racs tries: shows how many keys and PINs were wrong, and clears them', async () => {
  await check(['tries', 'sim1'], 'authentication 1 of 3, verification 2 of 2\n', ['TRIES sim1'])
  const cleared = { authentication: { failed: 0, limit: 3 }, verification: { failed: 0, limit: 2 } }
  const json = `${JSON.stringify({ seid: 'sim1', ...cleared })}\n`
  await check(['tries', 'sim1', '--clear', '--json'], json, ['TRIES sim1 CLEAR'])
  await checkFailed(['tries', 'sim2', '--clear'], 1, /TRIES refused: .*\(-614\): only operators may do that/)
  await checkFailed(['tries', 'sim1', 'CLEAR'], 64, /tries SEID \[--clear\]/)
})

test('iose racs apdu: powers on, sends one after the other, explains the status words', async () => {
  await check(
    ['apdu', 'sim1', '00a4040000', '0087000000', '00D6000000'],
    '9000  (done)\n010203FF 9000  (done)\n6D00  (unknown instruction)\n',
    ['POWERON sim1', 'APDU sim1 00A4040000', 'APDU sim1 0087000000', 'APDU sim1 00D6000000'],
  )
  await check(['apdu', 'sim1', '0087000000', '--quiet'], '010203FF9000\n')
  await check(
    ['apdu', 'sim1', '00A4040000', '--json', '--continue', '9000', '--more', '61', '--fetch', '00c00000'],
    '{"data":"","sw":"9000","meaning":"done"}\n',
    ['POWERON sim1', 'APDU sim1 00A4040000 CONTINUE=9000 MORE=61 FETCH=00C00000'],
  )
})

test('iose racs apdu: another status word than demanded is a refusal that ends it', async () => {
  const args = ['apdu', 'sim1', '00200000043132333463', '00A4040000', '--continue', '9000']
  const asked = await checkFailed(args, 1, /APDU refused: carried out, but failed \(-006\): wrong SW\nNext: /)
  assert.equal(asked.length, 2)
})

test('iose racs: a refusal is told with its cause, its holder and a next step, and is exit code 1', async () => {
  const inUse = /^iose: POWERON refused: in use.*\(-708\): SEID sim2 in use by CN=other\nNext: /
  await checkFailed(['poweron', 'sim2'], 1, inUse)
  await checkFailed(
    ['apdu', 'other', '00A4040000'],
    1,
    /not authorised \(-608\): SEID other is not yours\nNext: /,
  )
})

test('iose racs: an element or a way that failed is exit code 2', async () => {
  await checkFailed(['apdu', 'sim1', '00E7000000'], 2, /the element failed \(-806\)/)
  const nobody = await iose(['racs', 'list', '--gateway', '127.0.0.1:1', ...credentials], { env })
  assert.equal(nobody.exitCode, 2)
  assert.match(nobody.stderr, /^iose: 127\.0\.0\.1:1: nobody listens there\nNext: /)
  const wrongName = await racs(['list', '--servername', 'elsewhere.example'])
  assert.equal(wrongName.exitCode, 2)
  assert.match(wrongName.stderr, /certificate of the gateway is for another name/)
})

test('iose racs: what is called wrongly is exit code 64 and sends nothing', async () => {
  const wrong: [args: string[], message: RegExp][] = [
    [['lst'], /unknown subcommand 'lst'/],
    [['list', 'x'], /too many arguments; usage: iose racs list/],
    [['poweron'], /too few arguments; usage: iose racs poweron SEID/],
    [['poweron', 'a b'], /a parameter of POWERON/],
    [['poweron', 'a\r\nLIST'], /a parameter of POWERON/],
    [['apdu', 'sim1'], /too few arguments/],
    [['apdu', 'sim1', '00A404000'], /APDU 1 is not/],
    [['apdu', 'sim1', '00A40400', '00A4'], /APDU 2 is not/],
    [['list', '--timeout', '0'], /--timeout 0/],
    [['list', '--gatway', 'x'], /--gatway/],
    [['run', 'no-such-file'], /cannot read the script/],
    [['run', 'racs://h/?LIST'], /both name a gateway/],
    [['run', 'racs://h/?=LIST'], /the URI cannot be used/],
  ]
  for (const [args, message] of wrong) {
    assert.deepEqual(
      (await checkFailed(args, 64, message)).filter((line) => line !== 'POWERON sim1'),
      [],
    )
  }
  assert.equal((await iose(['racs', 'list', '--gateway', 'x'], { env })).exitCode, 64)
  assert.match((await iose(['racs'])).stderr, /a subcommand is missing; there are list, /)
  assert.match((await iose(['racs', 'list', '--key', 'x'], { env })).stderr, /--cert missing/)
})

test('iose racs: no message shows an APDU', async () => {
  for (const hex of ['002000000431323334C', '00200000043132333463']) {
    const { stderr } = await racs(['apdu', 'sim1', hex, '--continue', '9000'])
    assert.doesNotMatch(stderr, /31323334/)
  }
})

test('iose racs run: prints the status lines, and explains the one that is refused', async () => {
  const script = join(directory, 'script.txt')
  writeFileSync(script, '# select and read\nPOWERON sim1 APPEND\n\nAPDU sim1 0087000000\n')
  const lines = ['POWERON sim1 APPEND', 'APDU sim1 0087000000']
  await check(['run', script], '+008 001 SEID sim1 POWERON\n+006 002 010203FF9000\n', lines)
  writeFileSync(script, 'POWERON sim1\n# held\nPOWERON sim2\nLIST\n')
  const { exitCode, stdout, stderr } = await racs(['run', script])
  assert.deepEqual([exitCode, stdout], [1, '-708 002 SEID sim2 in use by CN=other\n'])
  assert.match(
    stderr,
    /^iose: line 2 \(.*script\.txt:3\) refused: in use.*: SEID sim2 in use by CN=other\nNext: /,
  )
})

test('iose racs run: each block of standard input is a request; the first refused is the last sent', async () => {
  const script = 'BEGIN a\nLIST\nEND\nBEGIN\nFOO\nEND\nBEGIN\nGET-VERSION\nEND\n'
  const { exitCode, stdout, asked } = await racs(['run', '-', '--json'], script)
  assert.equal(exitCode, 1)
  assert.deepEqual(asked, ['LIST', 'FOO'])
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
    [
      { id: 'a', statuses: [{ status: '+004', line: 1, text: 'sim[1-2] ' }] },
      { id: null, statuses: [{ status: '-100', line: 1, text: 'FOO unknown command\x1b[31m' }] },
    ],
  )
})

test('iose racs run: a terminal gets no control character of the gateway', async () => {
  const { stdout, stderr } = await racs(['run', '-'], 'FOO\n')
  assert.equal(stdout, '-100 001 FOO unknown command\\x1b[31m\n')
  assert.ok(!stderr.includes('\x1b'))
})

test('iose racs run: a URI is a gateway and a request', async () => {
  const uri = (scheme: string, path: string): string =>
    `${scheme}://127.0.0.1:${gateway.port}${path}?BEGIN=u&ECHO=a%20APPEND&GET-VERSION=&END=`
  for (const source of [uri('racs', '/'), uri('HTTPS', '/RACS')]) {
    const said = await iose(['racs', 'run', source, ...credentials], { env })
    assert.deepEqual([said.exitCode, said.stdout, said.stderr], [0, '+009 001 a\n+002 002 1.0\n', ''])
  }
})

test('iose racs: a profile says which gateway and which credentials', async () => {
  const home = join(directory, 'profiles')
  mkdirSync(join(home, 'iose'), { recursive: true })
  const toml = `default_profile = "here"
[profiles.here]
gateway = "127.0.0.1:${gateway.port}"
cert = "${file('client.pem')}"
key = "${file('client.key')}"
ca = "${file('ca.pem')}"
`
  writeFileSync(join(home, 'iose/config.toml'), toml)
  const withProfile = { env: { ...env, XDG_CONFIG_HOME: home } }
  assert.equal((await iose(['racs', 'list'], withProfile)).stdout, 'sim1\nsim2\n')
  const unknown = await iose(['racs', 'list', '--profile', 'there'], withProfile)
  assert.equal(unknown.exitCode, 78)
  assert.match(unknown.stderr, /no profile 'there'; there are here/)
  writeFileSync(join(home, 'iose/config.toml'), toml.replace('gateway', 'gatway'))
  const misspelt = await iose(['racs', 'list'], withProfile)
  assert.equal(misspelt.exitCode, 78)
  assert.match(misspelt.stderr, /profiles\.here\.gatway: unknown key; .*'gateway'/)
})

test('iose racs: without a word the credentials of the gateway of this machine are taken', async () => {
  const state = join(directory, 'gateway-state')
  mkdirSync(join(state, 'pki'), { recursive: true })
  writeFileSync(join(state, 'pki/operator.pem'), pki.client.cert)
  writeFileSync(join(state, 'pki/operator.key'), pki.client.key, { mode: 0o600 })
  writeFileSync(join(state, 'pki/ca.pem'), pki.ca)
  const place = ['racs', 'list', '--gateway', `127.0.0.1:${gateway.port}`]
  assert.equal((await iose([...place, '--state-dir', state], { env })).stdout, 'sim1\nsim2\n')
  const config = join(directory, 'gateway.toml')
  writeFileSync(config, `gateway.state_dir = "${state}"`)
  assert.equal((await iose([...place, '--config', config], { env })).stdout, 'sim1\nsim2\n')
  const none = await iose(place, { env })
  assert.equal(none.exitCode, 78)
  assert.match(none.stderr, /no credentials: .*operator\.pem.*\nNext: give --cert/)
})

test('iose racs: beside NAME.pem lie NAME.key and ca.pem, if nothing else is said', async () => {
  const args = ['racs', 'list', '--gateway', `127.0.0.1:${gateway.port}`, '--cert', file('client.pem')]
  assert.equal((await iose(args, { env })).stdout, 'sim1\nsim2\n')
  const said = await iose([...args, '--ca', join(directory, 'nowhere.pem')], { env })
  assert.match(said.stderr, /no credentials: .*nowhere\.pem/)
})

test('iose racs: a key that others can read is warned of, and works', async () => {
  const key = join(directory, 'open.key')
  writeFileSync(key, pki.client.key)
  chmodSync(key, 0o644)
  const args = ['racs', 'list', '--gateway', `127.0.0.1:${gateway.port}`]
  const files = ['--cert', file('client.pem'), '--key', key, '--ca', file('ca.pem')]
  const { exitCode, stderr } = await iose([...args, ...files], { env })
  assert.equal(exitCode, 0)
  assert.match(stderr, /^iose: warning: others can read the key .*open\.key/)
  const mismatch = ['--cert', file('client.pem'), '--key', file('server.key'), '--ca', file('ca.pem')]
  const said = await iose([...args, ...mismatch], { env })
  assert.equal(said.exitCode, 78)
  assert.match(said.stderr, /the key is not that of the certificate/)
})

test('iose racs: every subcommand has its help with an example', async () => {
  const names = ['list', 'apdu', 'poweron', 'shutdown', 'reset', 'sen', 'run', 'console']
  const printed = await Promise.all(names.map((name) => iose(['racs', name, '--help'], { env })))
  for (const [index, { exitCode, stdout }] of printed.entries()) {
    assert.equal(exitCode, 0)
    assert.ok(stdout.startsWith(`Usage: iose racs ${names[index] ?? ''}`))
    assert.match(stdout, /\nExample: /)
  }
  assert.match((await iose(['racs', '--help'])).stdout, /^Usage: iose racs SUBCOMMAND/)
  assert.match((await iose(['--help'])).stdout, /\n {2}racs /)
})
