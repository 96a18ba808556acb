import assert from 'node:assert/strict'
import test from 'node:test'
import { AccessPolicy, type UserRules } from '../../src/access/user.ts'
import { MAX_USERS, MAX_USERS_BYTES, parseUsers } from '../../src/config/users.ts'

const user = (lines: string): string => `[users.u]\n${lines}\n`
const valid = (lines: string): string => user(`cn = "u"\nseids = []\n${lines}`)
const PRINT = 'ab'.repeat(32)

test('users: every key arrives where it belongs, in the form in which the access rules want it', () => {
  const users: readonly UserRules[] = parseUsers(
    `[users.alice]
cn = "Alice Müller"
role = "operator"
seids = ["*"]

[users.bot]
fingerprint = "${PRINT.replace(/..(?=.)/g, '$&:')}"
seids = ["sim1", "key1"]
aids = { allow = ["a000000003000000", ""] }
filters = [{ mask = "FFFF0000", value = "80e40000" }, { aid = "010203040500", mask = "ff000000", value = "80000000" }]

[users.bot.elements.key1]
aids = { deny = [] }

[users.bot.elements."a.b"]
filters = []
`,
    'f',
  )
  assert.deepEqual(users, [
    {
      name: 'alice',
      cn: 'Alice Müller',
      role: 'operator',
      seids: '*',
      aids: undefined,
      filters: [],
      elements: new Map(),
    },
    {
      name: 'bot',
      fingerprint: PRINT.toUpperCase(),
      role: 'user',
      seids: ['sim1', 'key1'],
      aids: { allow: ['A000000003000000', ''] },
      filters: [
        { aid: undefined, mask: 0xffff0000, value: 0x80e40000 },
        { aid: '010203040500', mask: 0xff000000, value: 0x80000000 },
      ],
      elements: new Map([
        ['key1', { aids: { deny: [] }, filters: [] }],
        ['a.b', { aids: undefined, filters: [] }],
      ]),
    },
  ])
  assert.equal(new AccessPolicy(users).userOf({ cn: 'Alice Müller', fingerprint: '' })?.role, 'operator')
})

test('users: an empty file has nobody, and a user without elements may use none', () => {
  assert.deepEqual(parseUsers('', 'f'), [])
  assert.deepEqual(parseUsers(valid(''), 'f')[0]?.seids, [])
})

// What is wrong, and what the message must say of it: file, path, value found.
const WRONG: Record<string, [toml: string, message: RegExp]> = {
  'no TOML': ['[users', /^f\.toml: line 1, column/],
  'an unknown table': ['[user.x]', /^f\.toml: user: unknown key; the nearest known one is 'users'/],
  'an unknown key of a user': [valid('rolle = "user"'), /users\.u\.rolle: unknown key.*'role'/],
  'an unknown key of an element': [
    valid('elements.x = { filter = [] }'),
    /users\.u\.elements\.x\.filter: unknown key.*'filters'/,
  ],
  'an unknown key of aids': [valid('aids = { alow = [] }'), /users\.u\.aids\.alow: unknown key.*'allow'/],
  'an unknown key of an element’s aids': [
    valid('elements.x.aids = { denny = [] }'),
    /users\.u\.elements\.x\.aids\.denny: unknown key.*'deny'/,
  ],
  'an unknown key of a filter': [
    valid('filters = [{ mask = "00000000", value = "00000000", ait = "" }]'),
    /users\.u\.filters\[0\]\.ait: unknown key.*'aid'/,
  ],
  'a user without certificate': [user('seids = []'), /users\.u: .*exactly one of cn and fingerprint/],
  'a user with two': [valid(`fingerprint = "${PRINT}"`), /users\.u: .*exactly one of cn and fingerprint/],
  'an empty cn': [user('cn = ""\nseids = []'), /users\.u\.cn: found "", expected 1 to 256/],
  'a cn with a line end': [user('cn = "a\\n"\nseids = []'), /users\.u\.cn: [^]*no control characters/],
  'a short fingerprint': [user('fingerprint = "AB"\nseids = []'), /users\.u\.fingerprint: .*64 hex digits/],
  'no seids': [user('cn = "u"'), /users\.u\.seids: found undefined/],
  'a seid with a blank': [user('cn = "u"\nseids = ["a b"]'), /users\.u\.seids\[0\]: found "a b"/],
  'everything and a name': [user('cn = "u"\nseids = ["*", "a"]'), /users\.u\.seids: .*"\*" alone/],
  'an unknown role': [valid('role = "root"'), /users\.u\.role: found "root"/],
  'allow and deny at once': [valid('aids = { allow = [], deny = [] }'), /users\.u\.aids: .*exactly one of/],
  'neither allow nor deny': [valid('aids = {}'), /users\.u\.aids: .*exactly one of allow and deny/],
  'an AID of 4 bytes': [
    valid('aids = { deny = ["A0000000"] }'),
    /users\.u\.aids\.deny\[0\]: found "A0000000"/,
  ],
  'an AID of 17 bytes': [
    valid(`aids = { deny = ["${'00'.repeat(17)}"] }`),
    /deny\[0\]: .*10 to 32 hex digits/,
  ],
  'a short mask': [
    valid('filters = [{ mask = "FF", value = "00000000" }]'),
    /filters\[0\]\.mask: found "FF"/,
  ],
  'a filter that never matches': [
    valid('filters = [{ mask = "00FF0000", value = "80200000" }]'),
    /users\.u\.filters\[0\]: .*without bits outside of its mask/,
  ],
  'one cn twice': [
    `${valid('')}[users.w]\ncn = "u"\nseids = []`,
    /users\.w: cn 'u' also belongs to users\.u/,
  ],
  'one fingerprint twice': [
    `[users.a]\nfingerprint = "${PRINT}"\nseids = []\n[users.b]\nfingerprint = "${PRINT.toUpperCase()}"\nseids = []`,
    /users\.b: fingerprint ABAB.* also belongs to users\.a/,
  ],
  'a name that tables pass over': [
    '[users.constructor]\ncn = "u"\nseids = []',
    /users\.constructor: .*cannot be used/,
  ],
  'the prototype': ['[users.__proto__]\ncn = "u"\nseids = []', /users\.__proto__: .*cannot be used/],
  'rules that tables pass over': [
    valid('[users.u.elements.prototype]\naids = { allow = [] }'),
    /users\.u\.elements\.prototype: .*cannot be used/,
  ],
  'users that are no table': ['users = 1', /users: found 1/],
}

for (const [name, [toml, message]] of Object.entries(WRONG)) {
  test(`users: ${name} is an error that says where and what`, () => {
    assert.throws(() => parseUsers(toml, 'f.toml'), { code: 'config.invalid', message })
  })
}

test('users: a file has at most so many users and bytes', () => {
  const many = (count: number): string =>
    Array.from({ length: count }, (_, n) => `users.u${n} = { cn = "c${n}", seids = [] }\n`).join('')
  assert.equal(parseUsers(many(MAX_USERS), 'f').length, MAX_USERS)
  assert.throws(() => parseUsers(many(MAX_USERS + 1), 'f'), /10001 users, expected at most 10000/)
  assert.deepEqual(parseUsers('#'.padEnd(MAX_USERS_BYTES), 'f'), [])
  assert.throws(() => parseUsers('#'.padEnd(MAX_USERS_BYTES + 1), 'f'), /larger than 4194304 bytes/)
})

test('users: a message shows the beginning of a value, however long it is', () => {
  const toml = user(`cn = "u"\nseids = ["${'x'.repeat(100_000)}"]`)
  assert.throws(
    () => parseUsers(toml, 'f'),
    (error: Error) => error.message.length < 300,
  )
})

test('users: a file full of mistakes names the first and counts the rest', () => {
  const toml = Array.from({ length: 500 }, (_, n) => `[users.u${n}]\n`).join('')
  assert.throws(
    () => parseUsers(toml, 'f'),
    (error: Error) => /and \d+ more$/.test(error.message) && error.message.length < 4000,
  )
})
