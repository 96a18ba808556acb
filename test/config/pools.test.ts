import assert from 'node:assert/strict'
import test from 'node:test'
import { parseConfig } from '../../src/config/config.ts'
import { DEFAULT_CONFIG } from '../../src/config/default.ts'

const pool = (sen: string, members: readonly string[]): string =>
  `[[pools]]\nsen = "${sen}"\nmembers = ${JSON.stringify(members)}\n`

const WRONG: Record<string, [toml: string, message: RegExp]> = {
  'a pool without a name': ['[[pools]]\nmembers = ["a"]', /pools\[0\]\.sen: found undefined/],
  'a pool with a blank in its name': [
    '[[pools]]\nsen = "a b"\nmembers = ["a"]',
    /pools\[0\]\.sen: found "a b"/,
  ],
  'a pool without members': ['[[pools]]\nsen = "a"\nmembers = []', /pools\[0\]\.members: found 0/],
  'a pool of 1001': [
    pool(
      'a',
      Array.from({ length: 1_001 }, (_, n) => `m${n}`),
    ),
    /members: found 1001/,
  ],
  'a member of 256 bytes': [pool('a', ['x'.repeat(256)]), /pools\[0\]\.members\[0\]: found/],
  'a member twice': [pool('a', ['x', 'y', 'x']), /pools\[0\]\.members\[2\]: 'x' twice.*members\[0\]/],
  'two pools of one name': [
    pool('a', ['x']) + pool('b', ['x']) + pool('a', ['y']),
    /pools\[2\]\.sen: 'a' twice, also in f\.toml: pools\[0\]\.sen$/,
  ],
  'an unknown key of a pool': [
    '[[pools]]\nsen = "a"\nmember = ["b"]\nmembers = ["b"]',
    /pools\[0\]\.member: unknown key; the nearest known one is 'members'/,
  ],
}

for (const [name, [toml, message]] of Object.entries(WRONG)) {
  test(`config: ${name} is an error that says where and what`, () => {
    assert.throws(() => parseConfig(toml, 'f.toml'), { code: 'config.invalid', message })
  })
}

test('config: pools are taken as they are, up to their limits, and there are none without a table', () => {
  const members = ['x'.repeat(255), ...Array.from({ length: 999 }, (_, n) => `m${n}`)]
  const sen = 'y'.repeat(255)
  const { pools, slots } = parseConfig(pool(sen, members) + pool('one', ['m1']), 'f')
  assert.deepEqual(pools, [
    { sen, members },
    { sen: 'one', members: ['m1'] },
  ])
  assert.equal(slots.length, 5)
  assert.deepEqual(parseConfig('', 'f').pools, [])
})

test('config: the example of a pool in the default configuration is one', () => {
  const [, example = ''] = DEFAULT_CONFIG.split(/^(?=# \[\[pools\]\])/m)
  assert.deepEqual(parseConfig(example.replaceAll(/^# /gm, ''), 'f').pools, [
    { sen: 'signer.example', members: ['sim1', 'sim2'] },
  ])
})
