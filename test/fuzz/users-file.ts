import assert from 'node:assert/strict'
import { AccessPolicy } from '../../src/access/user.ts'
import { ConfigError } from '../../src/config/errors.ts'
import { parseUsers } from '../../src/config/users.ts'
import { mutate } from '../support/mutate.ts'
import type { FuzzTarget } from './target.ts'

/** A damaged users.toml is refused with a message of bounded length, or gives users that a policy can be made of. */
export const usersFile: FuzzTarget = {
  name: 'users-file',
  run(random) {
    const bytes = mutate(random, Buffer.from(VALID))
    const text = random.oneIn(2) ? Buffer.from(bytes).toString('utf8') : Buffer.from(bytes).toString('latin1')
    let users
    try {
      users = parseUsers(text, 'users.toml')
    } catch (error) {
      assert.ok(error instanceof ConfigError && error.code === 'config.invalid', String(error))
      assert.ok(error.message.startsWith('users.toml: ') && error.message.length < 10_000)
      return
    }
    const policy = new AccessPolicy(users)
    for (const { name, cn, fingerprint = '', seids, aids, filters, elements } of users) {
      assert.equal(policy.userOf({ cn, fingerprint })?.name, name)
      assert.ok((cn === undefined) !== (fingerprint === ''))
      assert.ok(fingerprint === '' || /^[0-9A-F]{64}$/.test(fingerprint))
      assert.ok(seids === '*' || seids.every((seid) => /^[\x21-\x7E]{1,63}$/.test(seid) && seid !== '*'))
      for (const rules of [{ aids, filters }, ...elements.values()]) {
        const names = rules.aids === undefined ? [] : Object.values(rules.aids).flat()
        assert.ok(names.every((aid: string) => /^(([0-9A-F]{2}){5,16})?$/.test(aid)))
        assert.ok(rules.filters.every(({ mask, value }) => mask >= 0 && value >= 0 && (value & ~mask) === 0))
      }
    }
  },
}

const VALID = `[users.alice]
cn = "Alice"
role = "operator"
seids = ["*"]
[users.bot]
fingerprint = "${'AB:'.repeat(31)}AB"
seids = ["sim1", "key1"]
aids = { allow = ["A000000003000000", ""] }
filters = [{ aid = "010203040500", mask = "FFFF0000", value = "80E40000" }]
[users.bot.elements.key1]
aids = { deny = ["A000000003"] }
`
