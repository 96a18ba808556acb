import assert from 'node:assert/strict'
import { keyInformationOf, readCardData, recognitionOf } from '../../src/globalplatform/card-data.ts'
import { cardChallengeOf } from '../../src/globalplatform/challenge.ts'
import { selectDomain } from '../../src/globalplatform/domain.ts'
import { GlobalPlatformError } from '../../src/globalplatform/errors.ts'
import { entriesOf, oldEntriesOf, type RegistryEntry } from '../../src/globalplatform/registry.ts'
import { tlv, tlvsOf } from '../../src/globalplatform/tlv.ts'
import { hex } from '../support/hex-fields.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** Objects are malformed, or lie one behind the other within the input, and written again are the same objects. */
export const gpTlv: FuzzTarget = {
  name: 'gp-tlv',
  run(random) {
    const bytes = answerFrom(random, [...REGISTRY, ...RECOGNITION, ...FCIS, KEYS])
    const objects = parsed(() => tlvsOf(bytes, 'fuzz'))
    if (objects === undefined) return
    let end = 0
    for (const { value } of objects) {
      assert.equal(value.buffer, bytes.buffer)
      assert.ok(value.byteOffset >= bytes.byteOffset + end + 2, 'tag and length lie before it')
      end = value.byteOffset - bytes.byteOffset + value.length
    }
    assert.equal(end, bytes.length)
    const again = Buffer.concat(objects.map(({ tag, value }) => tlv(tag, value)))
    assert.deepEqual(
      tlvsOf(again, 'fuzz').map(({ tag, value }) => [tag, Buffer.from(value)]),
      objects.map(({ tag, value }) => [tag, Buffer.from(value)]),
    )
  },
}

/** Listings are malformed, or entries of bytes that are in the answer. */
export const gpRegistry: FuzzTarget = {
  name: 'gp-registry',
  run(random) {
    const bytes = answerFrom(random, REGISTRY)
    const text = Buffer.from(bytes).toString('hex').toUpperCase()
    const check = (entries: readonly RegistryEntry[] | undefined): void => {
      for (const { aid, state, privileges, modules, version } of entries ?? []) {
        for (const each of [aid, ...modules]) assert.ok(text.includes(each))
        assert.ok(state >= 0 && state <= 255)
        assert.ok(privileges.length < bytes.length)
        assert.match(version ?? '0.0', /^\d{1,3}\.\d{1,3}$/)
      }
      assert.ok((entries?.length ?? 0) <= bytes.length / 2)
    }
    check(parsed(() => entriesOf(bytes)))
    const old = random.oneIn(2) ? bytes : answerFrom(random, OLD_REGISTRY)
    const kind = random.pick(['applications', 'packagesWithModules'] as const)
    const entries = parsed(() => oldEntriesOf(old, kind))
    const length = (entries ?? []).reduce(
      (sum, { aid, modules }) =>
        sum + 3 + aid.length / 2 + modules.reduce((all, each) => all + 1 + each.length / 2, 0),
      0,
    )
    const counts = kind === 'packagesWithModules' ? (entries?.length ?? 0) : 0
    if (entries !== undefined) assert.equal(length + counts, old.length)
  },
}

/** Whatever an element tells about itself without keys is malformed, or read; nothing else is thrown. */
export const gpCardData: FuzzTarget = {
  name: 'gp-card-data',
  // An exchange has a buffer of its own, and there are a dozen of them.
  weight: 10,
  async run(random) {
    const recognition = parsed(() => recognitionOf(answerFrom(random, RECOGNITION).subarray(2)))
    for (const { scp, i } of recognition?.protocols ?? []) assert.ok(scp >= 0 && scp <= 255 && i >= 0)
    assert.match(recognition?.version ?? '0', /^\d{1,3}(\.\d{1,3})*$/)
    for (const { id, version, components } of parsed(() => keyInformationOf(answerFrom(random, [KEYS]))) ??
      []) {
      assert.ok(id <= 255 && version <= 255)
      for (const { type, length } of components) assert.ok(type <= 255 && length <= 65_535)
    }
    checkChallenge(random)
    await checkDomain(random)
    const data = await settled(
      readCardData(() => Promise.resolve(withStatus(random, answerFrom(random, ALL)))),
    )
    assert.ok(data === undefined || data.keys.length <= 128)
  },
}

function checkChallenge(random: Random): void {
  const bytes = mutate(random, random.pick(CHALLENGES))
  const card = parsed(() => cardChallengeOf(bytes), ['gp.malformed', 'gp.unsupported'])
  if (card === undefined) return
  const { diversification, challenge, cryptogram, counter = new Uint8Array(0) } = card
  const [before, after] = card.protocol === 'SCP02' ? [counter, []] : [[card.i], counter]
  const protocol = card.protocol === 'SCP02' ? 2 : 3
  const whole = [
    ...diversification,
    card.keyVersion,
    protocol,
    ...before,
    ...challenge,
    ...cryptogram,
    ...after,
  ]
  assert.deepEqual(whole, [...bytes])
}

async function checkDomain(random: Random): Promise<void> {
  const answer = withStatus(random, answerFrom(random, FCIS))
  const domain = await settled(
    selectDomain(() => Promise.resolve(answer)),
    ['gp.refused', 'gp.malformed'],
  )
  if (domain === undefined) return
  assert.ok(domain.maxCommandBytes >= 1 && domain.maxCommandBytes <= 255, String(domain.maxCommandBytes))
  assert.equal(domain.isLocked, answer.at(-2) === 0x62)
}

function answerFrom(random: Random, seeds: readonly Uint8Array[]): Uint8Array {
  if (random.oneIn(10)) return random.bytes(random.int(64))
  const bytes = mutate(random, random.pick(seeds))
  // The length of the whole put right, so that damages further in are reached.
  if (random.oneIn(2) && bytes.length >= 2 && bytes.length < 0x82) bytes[1] = bytes.length - 2
  return bytes
}

function withStatus(random: Random, data: Uint8Array): Uint8Array {
  return Uint8Array.of(...data, ...random.pick([hex('9000'), hex('9000'), hex('6283'), hex('6A82')]))
}

function parsed<T>(parse: () => T, codes: readonly string[] = ['gp.malformed']): T | undefined {
  try {
    return parse()
  } catch (error) {
    assert.ok(error instanceof GlobalPlatformError && codes.includes(error.code), String(error))
    return undefined
  }
}

async function settled<T>(result: Promise<T>, codes?: readonly string[]): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    const rethrow = (): T => {
      throw error
    }
    return parsed(rethrow, codes)
  }
}

// Sources: see the tests of the host side, which have the same samples.
const REGISTRY = [
  hex('E3134F08A0000001510000009F700101C5039EFE80'),
  hex('E30B4F05A0000000049F700101'),
  hex(
    'E332 4F08A000000151000000 9F70020F00 C50382FC80 C407A0000001515350 CE020100 CC08A000000151000000 EA058003008000',
  ),
  hex('E313 4F050102030405 9F700101 8406010203040500'),
  hex(`E3 8192 4F050102030405 9F700101 CF8184 ${'AB'.repeat(132)}`),
]
const OLD_REGISTRY = [
  hex('05A000000004 0704 06A00000000401 0700'),
  hex('05A000000004 01 00 02 06A00000000401 06A00000000402'),
]
const RECOGNITION = [
  // Options of five bytes in base 128.
  hex('661C731A 06072A864886FC6B01 640F060D2A864886FC6B04 03 FFFFFFFF7F'),
  hex(
    '6631732F 06072A864886FC6B01 600C060A2A864886FC6B02020101 630906072A864886FC6B03 640B06092A864886FC6B040215',
  ),
  hex(
    '664D734B 06072A864886FC6B01 600B06092A864886FC6B020203 630906072A864886FC6B03 640B06092A864886FC6B040370' +
      '650D060B2A864886FC6B0507020000 660C060A2B060104012A026E0103',
  ),
]
const KEYS = hex('C00401FF8010 C00402FF8010 C00703FFFF880010 01')
// The second with a limit of four bytes.
const FCIS = [
  hex('6F10 8408A000000151000000 A5049F6501FF'),
  hex('6F13 8408A000000151000000 A5079F6504FFFFFFFF'),
]
const ALL = [...RECOGNITION, KEYS, hex('E012 C00401FF8010 C00402FF8010 C00403FF8010'), hex('42 03 000000')]
const CHALLENGES = [
  hex('00001122334455667788 FF 02 0001 6C7FFC113FB9 203CA5736426C83A'),
  hex('00001122334455667788 FF 03 70 86C8BD65FA1044EE 707A3FA35DE12B2D 000001'),
  hex('00001122334455667788 30 03 60 B0B1B2B3B4B5B6B7 44B2068734677FB0'),
]
