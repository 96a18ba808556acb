import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { AccessPolicy, type User } from '../../src/access/user.ts'
import { CliError } from '../../src/bin/iose/command.ts'
import { importUsers } from '../../src/bin/iose/import-users.ts'
import { convert, filesOf } from '../../src/bin/iose/reference-users.ts'
import { parseUsers } from '../../src/config/users.ts'
import { Desk } from '../support/access-desk.ts'

// Configuration of the run from which the vectors E01.. were recorded.
const CONFIG = {
  'config.txt': 'server_port 127.0.0.1:7777\nse_default_access no\nuse_sen_as_cardsn yes\n',
  'users.txt':
    '/ CN, number of SEIDs, SEIDs\nclient 7 999 0 1 2 3 key1 ghost\r\nclient2 2 0 2\nalluser all\n',
  'cardsn.txt': 'key1.com key1\nkey2.com key2\n',
  '2.txt':
    '* AID policy\n010203040500   no  1 client:nopin.flt\nA0000000030000 yes 1 client\ndefault        no  1 client2\n',
  'nopin.flt': '00FF0000 00200000\n',
}
const A = '010203040500'
const SELECT_A = `00 A4 04 00 06 ${A}`
const SELECT_OTHER = '00 A4 04 00 05 1111111111'
const PING = '80 E0 00 00 01 AA'
const FILTERED = 'access.filtered'

function imported(files: Record<string, string | undefined>): {
  users: AccessPolicy
  warnings: string[]
  toml: string
} {
  const { toml, warnings } = convert(new Map(Object.entries(files)))
  return { users: new AccessPolicy(parseUsers(toml, 'imported')), warnings: [...warnings], toml }
}

function userIn(files: Record<string, string | undefined>, cn: string): User {
  const user = imported(files).users.userOf({ cn, fingerprint: '' })
  assert.ok(user !== undefined, cn)
  return user
}

/** What the user sees on one SEID of an element of its own. */
function deskOf(
  files: Record<string, string | undefined>,
  cn: string,
  seid = '2',
): (...commands: string[]) => string[] {
  const user = userIn(files, cn)
  if (!user.mayUse(seid)) return (...commands) => commands.map(() => 'access.forbidden')
  const desk = new Desk(user, [seid])
  return (...commands) => commands.map((command) => desk.send(command, { seid }))
}

test('import: users have the SEIDs that users.txt gives them, and nobody else is there', () => {
  const { users } = imported(CONFIG)
  assert.deepEqual(userIn(CONFIG, 'client').seids, ['999', '0', '1', '2', '3', 'key1', 'ghost'])
  assert.deepEqual(userIn(CONFIG, 'client2').seids, ['0', '2'])
  assert.equal(userIn(CONFIG, 'alluser').seids, '*')
  assert.equal(userIn(CONFIG, 'alluser').role, 'user')
  assert.equal(users.userOf({ cn: 'stranger', fingerprint: '' }), undefined)
})

test('import: the listed AID is allowed, VERIFY in it is not, in any class (E01)', () => {
  assert.deepEqual(deskOf(CONFIG, 'client')(SELECT_A, PING, '00 20 00 00 04 30303030', '80 20 00 00'), [
    'passed',
    'passed',
    FILTERED,
    FILTERED,
  ])
})

test('import: an AID with policy yes is refused to the listed user and allowed to others (E02)', () => {
  const select = '00 A4 04 00 07 A0000000030000'
  assert.deepEqual(deskOf(CONFIG, 'client')(select), [FILTERED])
  assert.deepEqual(deskOf(CONFIG, 'client2')(select), ['passed'])
  assert.deepEqual(deskOf(CONFIG, 'alluser')(select), ['passed'])
})

test('import: an AID with policy no is refused to who is not listed (E04)', () => {
  assert.deepEqual(deskOf(CONFIG, 'client2')(SELECT_A), [FILTERED])
  assert.deepEqual(deskOf(CONFIG, 'alluser')(SELECT_A), [FILTERED])
})

test('import: the default line decides for every other AID (E05)', () => {
  assert.deepEqual(deskOf(CONFIG, 'client2')(SELECT_OTHER), ['passed'])
  assert.deepEqual(deskOf(CONFIG, 'client')(SELECT_OTHER), [FILTERED])
})

test('import: an allowed AID is matched whole (E07), and a refused SELECT keeps the selection (E08)', () => {
  const send = deskOf(CONFIG, 'client')
  assert.deepEqual(send('00 A4 04 00 05 0102030405', SELECT_A, SELECT_OTHER, PING), [
    FILTERED,
    'passed',
    FILTERED,
    'passed',
  ])
})

test('import: what is selected under one alias is not under the other (E10, with se_default_access yes)', () => {
  const open = { ...CONFIG, 'config.txt': 'se_default_access yes\n' }
  const desk = new Desk(userIn(open, 'client'), ['0', '999', 'key1'])
  assert.equal(desk.send(SELECT_A, { seid: '0' }), 'passed')
  assert.equal(desk.send(PING, { seid: 'key1' }), 'access.no-aid')
})

test('import: a SEID without AID file is open by default (E11), and closed where the operator said no', () => {
  const open = { ...CONFIG, 'config.txt': 'se_default_access yes\n' }
  assert.deepEqual(deskOf(open, 'client', '3')(SELECT_OTHER), ['passed'])
  assert.deepEqual(imported(open).warnings, [])
  assert.deepEqual(deskOf(CONFIG, 'client', '3')(SELECT_OTHER), [FILTERED])
  assert.deepEqual(deskOf(CONFIG, 'alluser', '77')(SELECT_OTHER), [FILTERED])
  assert.match(
    imported(CONFIG).warnings.join(),
    /all others\. .*make its table an empty \[users\.NAME\.elements/,
  )
})

test('import: without config.txt the default is yes, as it is in the reference; the last line counts', () => {
  const none = Object.fromEntries(Object.entries(CONFIG).filter(([name]) => name !== 'config.txt'))
  const twice = {
    ...CONFIG,
    'config.txt': 'se_default_access no\n*se_default_access no\nse_default_access yes\n',
  }
  for (const files of [none, twice]) assert.deepEqual(deskOf(files, 'client', '3')(SELECT_OTHER), ['passed'])
  const nothing = { ...CONFIG, 'config.txt': 'se_default_access\n' }
  assert.deepEqual(deskOf(nothing, 'client', '3')(SELECT_OTHER), [FILTERED])
})

test('import: only files that the tables name are asked for, none outside of the directory', () => {
  const files = new Map(Object.entries(CONFIG))
  assert.deepEqual(filesOf(new Map()), ['users.txt', 'config.txt', 'cardsn.txt', 'readersn.txt'])
  assert.ok(filesOf(files).includes('nopin.flt'))
  files.set('users.txt', 'u 5 ../../etc/passwd a/b .hidden users key\n')
  files.set('key.txt', 'default no 3 u:../x u:/etc/shadow u:..\n')
  assert.deepEqual(filesOf(files).toSorted(), [
    ...['cardsn.txt', 'config.txt', 'key.txt', 'key1.txt', 'key2.txt', 'readersn.txt', 'users.txt'],
  ])
})

test('import: a SEID or filter whose name is not a safe one is refused, not opened', () => {
  const files = { 'users.txt': 'u 3 ../x users 1\n', '1.txt': `${A} no 1 u:../f\ndefault yes 0\n` }
  for (const seid of ['../x', 'users'])
    assert.deepEqual(deskOf(files, 'u', seid)(SELECT_OTHER), [FILTERED], seid)
  assert.deepEqual(deskOf(files, 'u', '1')(SELECT_A, SELECT_OTHER), [FILTERED, 'passed'])
  assert.equal(imported(files).warnings.length, 3)
})

test('import: a file that is there and cannot be read closes what it is about', () => {
  const base = { 'users.txt': 'u 2 1 2\nall all\n', '1.txt': `${A} no 1 u:f\ndefault yes 0\n` }
  assert.deepEqual(deskOf({ ...base, '2.txt': undefined }, 'u')(SELECT_OTHER), [FILTERED])
  assert.deepEqual(deskOf({ ...base, f: undefined }, 'u', '1')(SELECT_A, SELECT_OTHER), [FILTERED, 'passed'])
  assert.deepEqual(deskOf(base, 'u', '1')(SELECT_A), [FILTERED], 'a filter that is missing')
  assert.deepEqual(deskOf({ ...base, 'cardsn.txt': undefined }, 'all', '9')(SELECT_OTHER), [FILTERED])
  assert.deepEqual(deskOf({ ...base, 'config.txt': undefined }, 'u')(SELECT_OTHER), [FILTERED])
})

// A damaged line of 1.txt, and who may still select A and another one: user u is free by the rest of the file.
const DAMAGED: Record<string, [line: string, a: string, other: string]> = {
  'a policy that is neither yes nor no': [`${A} maybe 0`, FILTERED, 'passed'],
  'a count that is too large': [`${A} no 2 u`, FILTERED, 'passed'],
  'a count that is too small': [`${A} yes 0 x`, FILTERED, 'passed'],
  'an entry with two colons': [`${A} no 1 u:f:g`, FILTERED, 'passed'],
  'a lone AID': [A, FILTERED, 'passed'],
  'an AID that cannot be read': ['01020 yes 0', FILTERED, FILTERED],
  'a tab': [`${A}\tyes\t0`, FILTERED, FILTERED],
  'an AID too short to be one': ['01020304 yes 0', FILTERED, FILTERED],
  'a damaged default': ['default yes', FILTERED, FILTERED],
}

for (const [name, [line, a, other]] of Object.entries(DAMAGED)) {
  test(`import: ${name} in a policy refuses what it may be about, and a warning says where`, () => {
    const files = { 'users.txt': 'u 1 1\n', '1.txt': `/ c\n${line}\ndefault yes 0\n` }
    assert.deepEqual(
      [...deskOf(files, 'u', '1')(SELECT_A), ...deskOf(files, 'u', '1')(SELECT_OTHER)],
      [a, other],
    )
    assert.match(imported(files).warnings.join(), /^1\.txt:2: not/)
  })
}

test('import: damaged lines of users.txt come with a warning, and their users may use nothing', () => {
  const lines = [
    'short 3 1 2',
    'lone',
    'no x 1',
    'constructor 1 1',
    `${'x'.repeat(300)} 1 1`,
    'b\uFFFD 1 1',
    'good 1 1',
  ]
  const { users, warnings } = imported({ 'users.txt': lines.join('\n') })
  assert.deepEqual(
    warnings.map((warning) => warning.split(': ')[0]),
    [1, 2, 3, 4, 5, 6].map((line) => `users.txt:${line}`),
  )
  for (const cn of ['short', 'lone', 'no']) assert.deepEqual(users.userOf({ cn, fingerprint: '' })?.seids, [])
  assert.equal(users.userOf({ cn: 'constructor', fingerprint: '' }), undefined)
  assert.equal(users.userOf({ cn: 'good', fingerprint: '' })?.mayUse('1'), true)
})

test('import: a damaged line and a good one for the same user give nothing, as either may be the one that counts', () => {
  assert.deepEqual(userIn({ 'users.txt': 'u 2 1\nu all\n' }, 'u').seids, [])
})

test('import: a SEID called * is not taken for all of them, nor one that cannot be a name', () => {
  assert.deepEqual(userIn({ 'users.txt': `u 4 * prototype ${'x'.repeat(64)} 1` }, 'u').seids, ['1'])
})

test('import: who is listed twice has what both lines give', () => {
  assert.deepEqual(userIn({ 'users.txt': 'u 2 1 2\nu 2 2 3\n' }, 'u').seids, ['2'])
  assert.deepEqual(userIn({ 'users.txt': 'u all\nu 2 2 3\n' }, 'u').seids, ['2', '3'])
})

test('import: more rules than one file can hold are an error, not a file that is not read', () => {
  const seids = Array.from({ length: 400 }, (_, n) => n).join(' ')
  const users = Array.from({ length: 300 }, (_, n) => `u${n} 400 ${seids}\n`).join('')
  const policies = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`${n}.txt`, 'default no 0\n']))
  assert.throws(() => imported({ 'users.txt': users, ...policies }), { code: 'config.invalid' })
})

function directory(context: TestContext, files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'iose-import-'))
  context.after(() => rmSync(path, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

test('import-users: writes a file that is readable to all, whole, and never over another', async (context) => {
  const path = directory(context, CONFIG)
  const out = join(path, 'users.toml')
  context.mock.method(process.stderr, 'write', () => true)
  assert.equal(await importUsers.run([path, '--out', out]), 0)
  assert.equal(statSync(out).mode & 0o777, 0o644)
  assert.equal(readFileSync(out, 'utf8'), imported(CONFIG).toml)
  await assert.rejects(importUsers.run([path, '--out', out]), { exitCode: 78, message: /is there already/ })
  assert.equal(readdirSync(path).filter((name) => /new|tmp/.test(name)).length, 0)
  await assert.rejects(importUsers.run([path, '--out', join(path, 'no/where')]), { exitCode: 78 })
})

test('import-users: prints to standard output, warnings apart and without control characters', async (context) => {
  const path = directory(context, {
    'users.txt': 'u 1 1\nv 1 \u001b[2J\nv 1 a/b\u0007\nv 1 a/b\n',
    'config.txt': '',
  })
  const err: string[] = []
  const out: string[] = []
  context.mock.method(process.stderr, 'write', (text: string) => err.push(text) > 0)
  context.mock.method(process.stdout, 'write', (text: string | Uint8Array) => out.push(String(text)) > 0)
  await importUsers.run([path]).finally(() => context.mock.restoreAll())
  // The test runner writes there, too.
  const [toml = ''] = out.filter((text) => text.startsWith('# Imported'))
  assert.equal(parseUsers(toml, 'out').length, 2)
  assert.ok(err.length >= 3 && !/[^\n\x20-\x7E]/.test(err.join('')))
})

test('import-users: what is no regular file or too large is not read, and closes its SEID', async (context) => {
  const path = directory(context, { 'users.txt': 'u 3 1 2 3\n', '2.txt': '/'.padEnd(1024 * 1024 + 1) })
  mkdirSync(join(path, '1.txt'))
  symlinkSync('/dev/zero', join(path, '3.txt'))
  context.mock.method(process.stderr, 'write', () => true)
  const out = join(path, 'o')
  await importUsers.run([path, '--out', out])
  const [user] = parseUsers(readFileSync(out, 'utf8'), 'o')
  assert.deepEqual(
    [...user!.elements.values()].map(({ aids }) => aids),
    [{ allow: [] }, { allow: [] }, { allow: [] }],
  )
})

test('import-users: without users.txt, or called wrongly, it says so', async (context) => {
  const path = directory(context, {})
  await assert.rejects(importUsers.run([path]), { exitCode: 78, message: /cannot read users\.txt/ })
  for (const args of [[], ['a', 'b'], ['a', '--force'], ['a', '--out']]) {
    await assert.rejects(importUsers.run(args), (error) => error instanceof CliError && error.exitCode === 64)
  }
  writeFileSync(join(path, 'users.txt'), 'x all')
  chmodSync(join(path, 'users.txt'), 0o600)
  assert.match(importUsers.help, /import-users DIRECTORY/)
})
