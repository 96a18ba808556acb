import assert from 'node:assert/strict'
import test from 'node:test'
import { AccessPolicy } from '../../src/access/user.ts'
import { convert } from '../../src/bin/iose/reference-users.ts'
import { parseUsers } from '../../src/config/users.ts'
import { Desk } from '../support/access-desk.ts'
import { mutate } from '../support/mutate.ts'
import { Random } from '../support/random.ts'

const SEED = 20260209
const USERS = ['client', 'client2', 'alluser']
const SEIDS = ['1', '2', 'key1']
const AIDS = ['010203040500', '010203040600', 'A0000000030000']

/** Files that are mostly right. */
function filesFrom(random: Random): Record<string, string> {
  const list = () =>
    USERS.filter(() => random.oneIn(2)).map((user) => user + random.pick(['', '', ':f.flt', ':no.flt']))
  const line = (aid: string) => {
    const users = list()
    return `${aid} ${random.pick(['yes', 'no'])} ${users.length} ${users.join(' ')}`
  }
  const policy = () => {
    const aids = Array.from({ length: random.int(4) }, () => random.pick([...AIDS, '/ comment', 'default']))
    return aids.map(line).join('\n')
  }
  const files: Record<string, string> = {
    'users.txt': `client 2 1 2\nclient2 ${random.int(3)} 2 key1\nalluser all\n`,
    'config.txt': random.pick(['', 'se_default_access no', 'se_default_access yes']),
    'cardsn.txt': 'name key1\n',
    'f.flt': '00FF0000 00200000\nFFFF0000 80E40000',
  }
  for (const seid of SEIDS) if (!random.oneIn(3)) files[`${seid}.txt`] = policy()
  if (random.oneIn(2)) {
    const damaged = random.pick(Object.keys(files))
    files[damaged] = Buffer.from(mutate(random, Buffer.from(files[damaged] ?? ''))).toString('latin1')
  }
  return files
}

/** What the reference allows: the rules as they are documented, line by line, without a thought for bad lines. */
function referenceAllows(
  files: Record<string, string>,
  cn: string,
  seid: string,
  aid: string,
): string[] | undefined {
  const tokensOf = (name: string) =>
    (files[name] ?? '')
      .split('\n')
      .map((line) => line.split(/[ \r]+/).filter(Boolean))
      .filter(([first = '/']) => !/^[/*]/.test(first))
  const given = tokensOf('users.txt').find(([name]) => name === cn)
  if (given === undefined) return undefined
  if (given[1] !== 'all' && !given.slice(2, 2 + Number(given[1])).includes(seid)) return undefined
  const isDefaultNo = tokensOf('config.txt').some(
    ([key, value]) => key === 'se_default_access' && value === 'no',
  )
  // A policy is read for SEIDs that a table names.
  const named = [
    ...tokensOf('users.txt').flatMap((tokens) => tokens.slice(2)),
    ...tokensOf('cardsn.txt').map(([, name]) => name),
  ]
  if (!named.includes(seid) || !(`${seid}.txt` in files)) return isDefaultNo ? undefined : []
  const decides = tokensOf(`${seid}.txt`).find(
    ([name = '']) => name === 'default' || name.toUpperCase() === aid,
  )
  if (decides === undefined) return []
  const [, policy, count, ...entries] = decides
  const entry = entries.slice(0, Number(count)).find((text) => text.split(':')[0] === cn)
  if (policy === 'yes') return entry === undefined ? [] : undefined
  if (entry === undefined) return undefined
  const [, filter] = entry.split(':')
  return filter === undefined ? [] : tokensOf(filter).map((tokens) => tokens.join(' '))
}

test('import: what comes out never allows more than the rules of the reference, whatever the files say', () => {
  let allowed = 0
  for (let index = 0; index < 1500; index++) {
    const files = filesFrom(new Random(SEED, index))
    const { toml } = convert(new Map(Object.entries(files)))
    const policy = new AccessPolicy(parseUsers(toml, 'imported'))
    for (const cn of USERS) {
      const user = policy.userOf({ cn, fingerprint: '' })
      for (const seid of SEIDS) {
        for (const aid of AIDS) {
          if (user?.mayUse(seid) !== true) continue
          const desk = new Desk(user, [seid])
          const select = `00A40400${(aid.length / 2).toString(16).padStart(2, '0')}${aid}`
          if (desk.send(select, { seid }) !== 'passed') continue
          const filters = referenceAllows(files, cn, seid, aid)
          const story = JSON.stringify({ index, cn, seid, aid, files })
          assert.ok(filters !== undefined, story)
          allowed += 1
          for (const header of ['00200000', '80E40000', '84E40000', '80E20000']) {
            if (desk.send(header, { seid }) === 'passed')
              assert.ok(!isFiltered(header, filters), `${header} ${story}`)
          }
        }
      }
    }
  }
  assert.ok(allowed > 4_000, `only ${allowed}: nothing was tried`)
})

function isFiltered(header: string, filters: readonly string[]): boolean {
  const word = Number.parseInt(header, 16)
  return filters.some((text) => {
    const [, mask = '', value = ''] = /^([0-9A-F]{8}) ([0-9A-F]{8})$/i.exec(text) ?? []
    return mask !== '' && (word & Number.parseInt(mask, 16)) >>> 0 === Number.parseInt(value, 16)
  })
}
