// `iose call` as its user runs it, against a running gateway.

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { iose } from '../support/iose.ts'

const KEY = '0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20'
const directory = mkdtempSync(join(tmpdir(), 'iose-call-'))
after(() => rmSync(directory, { recursive: true }))

function keyFile(name: string, content: string | Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

test('iose call: asks the element of that name, with the key from wherever it is', async () => {
  await using gateway = await Gateway.start()
  const uri = `shellS://key1.com@127.0.0.1:${gateway.port}/?query=?01hello`
  const hex = keyFile('hex', `${KEY}\n`)
  const raw = keyFile('raw', Buffer.from(KEY, 'hex'))
  for (const [args, options] of [
    [['--psk-file', hex], {}],
    [['--psk-file', raw], {}],
    [['--psk-env', 'THE_KEY'], { env: { THE_KEY: KEY } }],
    [['--psk-file', '-'], { input: KEY }],
  ] as const) {
    const said = await iose(['call', uri, ...args], options)
    assert.deepEqual(said, { exitCode: 0, stdout: 'hello\n', stderr: '' })
  }
  const json = await iose(['call', uri, '?01other', '--json', '--psk-file', hex])
  assert.deepEqual(JSON.parse(json.stdout), { sen: 'key1.com', answer: 'other' })
})

test('iose call: warns of a key that others may have seen, unless told to be quiet', async () => {
  await using gateway = await Gateway.start()
  const uri = `shellS://key1.com:${KEY}@127.0.0.1:${gateway.port}/?query=.?01hello`
  const { stdout, stderr } = await iose(['call', uri])
  assert.equal(stdout, 'hello\n')
  assert.match(stderr, /key in the URI can be seen/)
  assert.equal((await iose(['call', uri, '--quiet'])).stderr, '')
  const open = keyFile('open', KEY)
  chmodSync(open, 0o644)
  const said = await iose([
    'call',
    `shellS://key1.com@127.0.0.1:${gateway.port}/?query=?00`,
    '--psk-file',
    open,
  ])
  assert.match(said.stderr, /others can read the key .*open; chmod 600/)
})

test('iose call: says what is wrong, whose fault it is and what to do, and never the key', async () => {
  await using gateway = await Gateway.start()
  const place = `127.0.0.1:${gateway.port}`
  const right = keyFile('right', KEY)
  const wrong = keyFile('wrong', 'F'.repeat(64))
  const short = keyFile('short', KEY.slice(2))
  const cases: readonly [string[], number, RegExp][] = [
    [
      [`shellS://key1.com@${place}/?x`, '--psk-file', wrong],
      1,
      /handshake_failure: the element refuses.*\nNext: check name and key/,
    ],
    [
      [`shellS://none.com@${place}/?x`, '--psk-file', right],
      1,
      /unrecognized_name: no element has this name/,
    ],
    [
      ['shellS://key1.com@127.0.0.1:1/?x', '--psk-file', right],
      2,
      /ECONNREFUSED.*\nNext: check host and port/,
    ],
    [[`shellS://key1.com@${place}/?x`, '--psk-file', short], 78, /holds no key: 64 hex digits or 32 bytes/],
    [[`shellS://key1.com@${place}/?x`, '--psk-file', `${short}.none`], 78, /no key: ENOENT/],
    [[`shellS://key1.com@${place}/?x`, '--psk-env', 'NO_SUCH'], 78, /no NO_SUCH in the environment/],
    [[`shellS://key1.com@${place}/?x`], 64, /no key: the URI has none\nNext: --psk-file/],
    [[`shellS://key1.com@${place}/`, '--psk-file', right], 64, /nothing to say/],
    [[`shellS://key1.com:${KEY.slice(2)}@${place}/?x`], 64, /the key is not 64 hex digits/],
    [['nonsense', '--psk-file', right], 64, /not of the form shellS:/],
    [[], 64, /usage: iose call URI/],
  ]
  for (const [args, code, message] of cases) {
    const { exitCode, stdout, stderr } = await iose(['call', ...args])
    assert.deepEqual([exitCode, stdout], [code, ''], args.join(' '))
    assert.match(stderr, message)
    assert.ok(!stderr.includes('0304050607') && !stderr.includes('FFFFFFFF'), stderr)
  }
})
