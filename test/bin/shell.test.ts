// `iose shell` as its user runs it: from a pipe, and at a terminal.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { IOSE, iose } from '../support/iose.ts'
import { needsScript, Terminal } from '../support/terminal.ts'

const KEY = '0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20'
const directory = mkdtempSync(join(tmpdir(), 'iose-shell-'))
const env = { XDG_STATE_HOME: join(directory, 'state') }
const psk = join(directory, 'psk')
const history = join(env.XDG_STATE_HOME, 'iose/shell_history')
writeFileSync(psk, KEY, { mode: 0o600 })
let gateway: Gateway
before(async () => {
  gateway = await Gateway.start('tls_se.idle_timeout_ms = 700\n')
})
after(async () => {
  await gateway[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

function args(query = ''): string[] {
  return ['shell', `shellS://key1.com@127.0.0.1:${gateway.port}/${query}`, '--psk-file', psk]
}

test('iose shell: from a pipe each line is said in one session, without a prompt', async () => {
  const already = gateway.all('session.routed').length
  const said = await iose(args('?query=?01first'), { input: '?01two\n\n?00\n.quit\n?01never\n', env })
  assert.deepEqual(said, { exitCode: 0, stdout: 'first\ntwo\nEthertrust keystore 1.3\n', stderr: '' })
  assert.equal(gateway.all('session.routed').length, already + 1)
  assert.ok(!existsSync(history))
  const json = await iose([...args(), '--json'], { input: '?01a\n?01b\n', env })
  assert.deepEqual(
    json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    [
      { sen: 'key1.com', answer: 'a' },
      { sen: 'key1.com', answer: 'b' },
    ],
  )
})

test('iose shell: from a pipe the end of the session is the end of the shell', async () => {
  const { exitCode, stdout, stderr } = await iose(args(), { input: '?01a\n?02\n?01b\n', env })
  assert.deepEqual([exitCode, stdout], [1, 'a\n'])
  assert.match(stderr, /key1\.com at .*: the element ended the session instead of an answer/)
})

test('iose shell: what keeps it from starting is told as by iose call', async () => {
  const wrong = join(directory, 'wrong')
  writeFileSync(wrong, 'F'.repeat(64), { mode: 0o600 })
  const refused = await iose([...args(), '--psk-file', wrong], { env })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /handshake_failure: the element refuses/)
  const rows: readonly (readonly [string[], RegExp])[] = [
    [[...args(), '?00'], /iose call says one thing/],
    [[...args().slice(0, 2), '--psk-file', '-'], /standard input is for what is said/],
    [['shell'], /the URI is missing/],
  ]
  for (const [words, message] of rows) {
    const { exitCode, stderr } = await iose(words, { env })
    assert.equal(exitCode, 64)
    assert.match(stderr, message)
  }
})

test('iose shell: says goodbye, so that the element is free at once', async () => {
  await iose(args(), { input: '?00\n', env })
  const closed = gateway.all('session.closed').at(-1)
  assert.equal(closed?.['code'], 'closed')
})

test(
  'iose shell: at a terminal there is a prompt, a history, and a new session for one that was lost',
  needsScript,
  async (context) => {
    const terminal = new Terminal(context, [process.execPath, IOSE, ...args()], env)
    await terminal.sees(/key1\.com> /)
    terminal.type('?01hello\r')
    await terminal.sees(/\nhello\r\n.*key1\.com> /s)
    terminal.type('?02\r')
    await terminal.sees(/ended the session instead of an answer.*The next line opens a new session/s)
    await terminal.sees(/key1\.com> /)
    terminal.type('?01again\r')
    await terminal.sees(/\nagain\r\n.*key1\.com> /s)
    const closed = gateway.all('session.closed').length
    await gateway.loggedTimes(closed + 1, 'session.closed')
    terminal.type('?01later\r')
    await terminal.sees(/this is a new one\.\r\n.*later\r\n.*key1\.com> /s)
    terminal.type(' ?01hidden\r')
    await terminal.sees(/\nERROR\r\n[^]*key1\.com> /)
    terminal.type(`?AA${KEY}${KEY}\r`)
    await terminal.sees(new RegExp(`\\n${KEY}\\r\\n`))
    // Arrow up, twice: the one that is a secret is not there.
    terminal.type('\x1b[A')
    await terminal.sees(/\?01later/)
    terminal.type('\x15.help\r')
    await terminal.sees(/\.quit {3}ends the session/)
    terminal.type('\x04')
    assert.equal(await terminal.closed(), 0)
    const kept = readFileSync(history, 'utf8')
    assert.deepEqual(kept.split('\n'), ['?01hello', '?02', '?01again', '?01later', '.help', ''])
  },
)
