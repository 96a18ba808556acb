import assert from 'node:assert/strict'
import test from 'node:test'
import { AccessPolicy, type UserRules } from '../../src/access/user.ts'
import { InternalError } from '../../src/base/errors.ts'
import { allowing, denying, rulesOf, userOf } from '../support/rules.ts'

const FINGERPRINT = 'AB'.repeat(32)

function entry(name: string, fields: Partial<UserRules>): UserRules {
  return { name, role: 'user', seids: [], elements: new Map(), ...rulesOf(), ...fields }
}

test('user: only the names that are listed may be used, in their very spelling, since the rest is denied', () => {
  const user = userOf({ seids: ['sim1', 'Sim2'] })
  const names = ['sim1', 'Sim2', 'sim2', 'SIM1', 'sim', 'sim11', '', '*', 'constructor']
  assert.deepEqual(
    names.filter((name) => user.mayUse(name)),
    ['sim1', 'Sim2'],
  )
})

test('user: without a list entry nothing may be used, with * everything', () => {
  assert.equal(userOf({ seids: [] }).mayUse('sim1'), false)
  assert.equal(userOf({ seids: '*' }).mayUse('sim1'), true)
})

test('user: an element without rules of its own has the general ones', () => {
  const user = userOf({ ...allowing('A000000001'), elements: new Map([['x', rulesOf()]]) })
  assert.deepEqual(user.rulesOn(['sim1', 'key1']), [rulesOf(allowing('A000000001'))])
})

test('user: the rules of all names of an element apply together, so that no alias is a way around', () => {
  const [one, two] = [rulesOf(allowing('A000000001')), rulesOf(denying('A000000001'))]
  const user = userOf({
    elements: new Map([
      ['sim1', one],
      ['key1', two],
      ['x', rulesOf()],
    ]),
  })
  assert.deepEqual(user.rulesOn(['sim1', 'key1']), [one, two])
  assert.deepEqual(user.rulesOn(['key1', 'other']), [two])
})

test('policy: a fingerprint goes before a CN, since it means one certificate', () => {
  const policy = new AccessPolicy([
    entry('by-cn', { cn: 'alice' }),
    entry('by-print', { fingerprint: FINGERPRINT }),
  ])
  assert.equal(policy.userOf({ cn: 'alice', fingerprint: FINGERPRINT })?.name, 'by-print')
  assert.equal(policy.userOf({ cn: 'alice', fingerprint: '00'.repeat(32) })?.name, 'by-cn')
  assert.equal(policy.userOf({ cn: undefined, fingerprint: FINGERPRINT })?.name, 'by-print')
})

test('policy: who is not listed is nobody, whatever the certificate says', () => {
  const policy = new AccessPolicy([entry('alice', { cn: 'alice' }), entry('none', {})])
  for (const cn of [undefined, '', 'Alice', 'alice ', 'none', 'undefined', '__proto__']) {
    assert.equal(policy.userOf({ cn, fingerprint: FINGERPRINT }), undefined)
  }
})

test('policy: two users of one certificate cannot be told apart and cannot be constructed', () => {
  for (const fields of [{ cn: 'same' }, { fingerprint: FINGERPRINT }]) {
    assert.throws(() => new AccessPolicy([entry('a', fields), entry('b', fields)]), InternalError)
  }
})
