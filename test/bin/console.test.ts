import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before, type TestContext } from 'node:test'
import { IOSE, iose } from '../support/iose.ts'
import { linesOf, type ScriptedGateway } from '../support/scripted-gateway.ts'
import { smallGateway } from '../support/small-gateway.ts'
import { needsScript, Terminal } from '../support/terminal.ts'
import { TestPki } from '../support/test-pki.ts'

const pki = new TestPki()
const directory = mkdtempSync(join(tmpdir(), 'iose-console-'))
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

function args(): string[] {
  const file = (name: string): string => join(pki.directory, name)
  const credentials = ['--cert', file('client.pem'), '--key', file('client.key'), '--ca', file('ca.pem')]
  return ['racs', 'console', '--gateway', `127.0.0.1:${gateway.port}`, ...credentials]
}

function terminalOf(context: TestContext): Terminal {
  return new Terminal(context, [process.execPath, IOSE, ...args()], env)
}

/** What a console says to lines from a pipe, and what the gateway was asked. */
async function piped(input: string, ...more: string[]) {
  const already = gateway.requests.length
  const said = await iose([...args(), ...more], { env, input })
  return { ...said, asked: gateway.requests.slice(already).map(linesOf) }
}

test('console: from a pipe each line is a request, over one session, without a prompt', async () => {
  const sessions = gateway.sockets.length
  const { exitCode, stdout, stderr, asked } = await piped('list\nuse sim1\npoweron sim1\n00 a4 04 00 00\n')
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.equal(stdout, '+004 001 sim[1-2] \n+008 001 SEID sim1 POWERON\n+006 001 9000\n')
  assert.deepEqual(asked, [['LIST'], ['POWERON sim1'], ['APDU sim1 00A4040000']])
  assert.equal(gateway.sockets.length, sessions + 1)
  assert.ok(!existsSync(join(env.XDG_STATE_HOME, 'iose/racs_history')))
})

test('console: lines between begin and end are one request', async () => {
  const { stdout, asked } = await piped('begin\necho a APPEND\nget-version\nend\nbegin b\nend\nquit\nlist\n')
  assert.deepEqual(asked, [['ECHO a APPEND', 'GET-VERSION'], []])
  assert.equal(stdout, '+009 001 a\n+002 002 1.0\n+001 000 Success\n')
  const open = await piped('begin\nlist\n')
  assert.deepEqual([open.exitCode, open.asked], [64, []])
  assert.match(open.stderr, /begin without end/)
})

test('console: from a pipe the exit code is that of the worst answer', async () => {
  const refused = await piped('poweron sim2\nget-version\n')
  assert.deepEqual([refused.exitCode, refused.asked.length], [1, 2])
  assert.match(refused.stderr, /^iose: line 1 refused: in use.*by CN=other\nNext: /)
  assert.equal((await piped('foo\nuse sim1\n00E7000000\nfoo\n')).exitCode, 2)
  assert.equal((await piped('list\n00A4040000\n')).exitCode, 64)
})

test('console: from a pipe a lost session ends it', async () => {
  const { exitCode, stderr, asked } = await piped('list\necho cut\nlist\n')
  assert.deepEqual([exitCode, asked.length], [2, 2])
  assert.match(stderr, /the gateway c(losed|ut) the connection/)
})

test('console: with --json an object an answer', async () => {
  const { stdout } = await piped('echo a\n', '--json')
  assert.equal(stdout, '{"id":"r1","statuses":[{"status":"+009","line":1,"text":"a"}]}\n')
})

test(
  'console: at a terminal it prompts, completes, explains, and ends with Ctrl-D',
  needsScript,
  async (context) => {
    const terminal = terminalOf(context)
    await terminal.sees(/127\.0\.0\.1:\d+> /)
    terminal.type('us\t')
    await terminal.sees(/use /)
    terminal.type('sim1\r')
    await terminal.sees(/:\d+ sim1> /)
    terminal.type('0087000000\r')
    await terminal.sees(/\+006 001 010203FF9000 {2}\(done\)\r\n[^]*sim1> /)
    terminal.type('poweron sim2\r')
    await terminal.sees(/refused: in use[^]*Next: [^]*sim1> /)
    terminal.type('begin\r')
    await terminal.sees(/sim1\.\.> /)
    terminal.type('echo one APPEND\recho two\rend\r')
    await terminal.sees(/\+009 001 one\r\n\+009 002 two\r\n[^]*sim1> /)
    terminal.type('help apdu\r')
    await terminal.sees(/APDU SEID HEX/)
    terminal.type('\x04')
    assert.equal(await terminal.closed(), 0)
  },
)

test('console: Ctrl-C clears the line and gives up a request in the making', needsScript, async (context) => {
  const already = gateway.requests.length
  const terminal = terminalOf(context)
  await terminal.sees(/> /)
  terminal.type('begin\r')
  await terminal.sees(/\.\.> /)
  terminal.type('echo unfinished')
  await terminal.sees(/unfinished/)
  terminal.type('\x03')
  await terminal.sees(/\d> /)
  terminal.type('get-version\r')
  await terminal.sees(/\+002 001 1\.0/)
  terminal.type('quit\r')
  assert.equal(await terminal.closed(), 0)
  assert.deepEqual(gateway.requests.slice(already).flatMap(linesOf), ['LIST', 'GET-VERSION'])
})

test('console: Ctrl-C gives up a request that has no answer', needsScript, async (context) => {
  const terminal = terminalOf(context)
  await terminal.sees(/> /)
  terminal.type('echo never\r')
  const isAsked = (): boolean => gateway.requests.at(-1)?.includes('ECHO never') === true
  while (!isAsked()) await new Promise((resolve) => setImmediate(resolve))
  terminal.type('\x03')
  await terminal.sees(/given up; the next command connects again[^]*> /)
  terminal.type('get-version\r')
  await terminal.sees(/Connected again\.[^]*\+002 001 1\.0[^]*> /)
  terminal.type('\x04')
  assert.equal(await terminal.closed(), 0)
})

test('console: a lost session is told, and made again by the next command', needsScript, async (context) => {
  const terminal = terminalOf(context)
  await terminal.sees(/> /)
  terminal.type('echo cut\r')
  await terminal.sees(/the gateway c(losed|ut) the connection[^]*The next command connects again\.[^]*> /)
  terminal.type('get-version\r')
  await terminal.sees(/Connected again\.[^]*\+002 001 1\.0[^]*> /)
  gateway.sockets.at(-1)?.destroy()
  await terminal.sees(/The next command connects again\.[^]*> /)
  terminal.type('get-version\r')
  await terminal.sees(/Connected again\.[^]*\+002 001 1\.0[^]*> /)
  terminal.type('\x04')
  assert.equal(await terminal.closed(), 0)
})

test(
  'console: the history is kept without secrets, and called up by the next console',
  needsScript,
  async (context) => {
    const file = join(env.XDG_STATE_HOME, 'iose/racs_history')
    rmSync(file, { force: true })
    const first = terminalOf(context)
    await first.sees(/> /)
    first.type('echo first\r')
    await first.sees(/\+009 001 first[^]*> /)
    first.type('use sim1\r')
    await first.sees(/sim1> /)
    first.type('00200000043132333463\r')
    await first.sees(/\(wrong, 2 tries left\)[^]*> /)
    first.type(' echo hidden\r')
    await first.sees(/\+009 001 hidden[^]*> /)
    first.type('\x1b[A')
    await first.sees(/use sim1/)
    first.type('\x03\x04')
    assert.equal(await first.closed(), 0)
    assert.equal(readFileSync(file, 'utf8'), 'echo first\nuse sim1\n')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const second = terminalOf(context)
    await second.sees(/> /)
    second.type('\x1b[A\x1b[A\r')
    await second.sees(/\+009 001 first/)
    second.type('quit\r')
    assert.equal(await second.closed(), 0)
  },
)
