import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import type { PlainCommand } from '../../src/globalplatform/protection.ts'
import {
  entriesOf,
  isDefaultSelected,
  oldEntriesOf,
  type RegistryEntry,
  readRegistry,
} from '../../src/globalplatform/registry.ts'
import { gpError, printed, refusal, takenBeginnings } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const ISD = 'E3134F08A0000001510000009F700101C5039EFE80'
/** KAOH, real: a state of two bytes, and the unknown tag EA. */
const ISD_KAOH =
  'E332 4F08A000000151000000 9F70020F00 C50382FC80 C407A0000001515350 CE020100 CC08A000000151000000 EA058003008000'
const LOAD_FILE_KAOH = 'E30B 4F05A000000004 9F700101'
const NONE = { package: undefined, domain: undefined, version: undefined, modules: [] }

/** Answers GET STATUS with `pages` one after the other; the last one for ever when `isEndless`. */
function session(pages: readonly string[], endless: 'ends' | 'endless' = 'ends') {
  const sent: string[] = []
  return {
    sent,
    send: (command: PlainCommand) => {
      const last = endless === 'endless' ? pages.at(-1) : undefined
      const page = pages[sent.length] ?? last
      sent.push(printed(command))
      assert.ok(page !== undefined, 'asked too often')
      const answer = hex(page)
      const sw = Number.parseInt(hexOf(answer.subarray(-2)), 16)
      return Promise.resolve({ data: answer.subarray(0, -2), sw })
    },
  }
}

const FIRST = '80F24002024F00'
const NEXT = '80F24003024F00'
const OLD = '80F24000024F00'
const OLD_NEXT = '80F24001024F00'

function aids(entries: readonly RegistryEntry[] | undefined) {
  return entries?.map(({ aid }) => aid)
}

test('registry: a load file (KAOH)', () => {
  assert.deepEqual(entriesOf(hex(LOAD_FILE_KAOH)), [
    { ...NONE, aid: 'A000000004', state: 1, privileges: new Uint8Array(0) },
  ])
})

test('registry: an issuer domain with a state of two bytes and an unknown object (KAOH)', () => {
  assert.deepEqual(entriesOf(hex(ISD_KAOH)), [
    {
      ...{ aid: 'A000000151000000', state: 0x0f, privileges: hex('82FC80') },
      ...{ package: 'A0000001515350', domain: 'A000000151000000', version: '1.0', modules: [] },
    },
  ])
})

test('registry: the domain of V1 with three bytes of privileges, and one of 2.1.1 with one', () => {
  assert.deepEqual(entriesOf(hex(ISD))[0]?.privileges, hex('9EFE80'))
  assert.deepEqual(entriesOf(hex('E3114F08A0000001510000009F700101C5019E'))[0]?.privileges, hex('9E'))
})

test('registry: modules of a package in their order; empty AIDs and odd versions are none', () => {
  const [entry] = entriesOf(
    hex('E320 4F050102030405 9F700101 8405A000000001 8405A000000002 C400 CC00 CE0101'),
  )
  assert.deepEqual(entry?.modules, ['A000000001', 'A000000002'])
  assert.deepEqual([entry.package, entry.domain, entry.version], [undefined, undefined, undefined])
})

test('registry: objects that are no entries are skipped, an entry without AID is malformed', () => {
  assert.deepEqual(aids(entriesOf(hex(`EA0180 ${LOAD_FILE_KAOH} 9F7000`))), ['A000000004'])
  assert.throws(() => entriesOf(hex('E304 9F700101')), gpError('gp.malformed', /without an AID/))
  assert.deepEqual(entriesOf(hex('')), [])
})

test('registry: without a state, or with an empty one, it is 0', () => {
  assert.equal(entriesOf(hex('E307 4F05A000000004'))[0]?.state, 0)
  assert.equal(entriesOf(hex('E30A 4F05A000000004 9F7000'))[0]?.state, 0)
})

test('registry: cut off anywhere but between two entries, answers are malformed', () => {
  assert.equal(takenBeginnings(hex(LOAD_FILE_KAOH), entriesOf), 1)
  assert.equal(takenBeginnings(hex(ISD_KAOH), entriesOf), 1)
  assert.equal(takenBeginnings(hex(`${ISD} ${LOAD_FILE_KAOH}`), entriesOf), 2)
})

test('registry: the format before TLV', () => {
  assert.deepEqual(oldEntriesOf(hex('05A000000004 0704 06A00000000401 0700'), 'applications'), [
    { ...NONE, aid: 'A000000004', state: 7, privileges: hex('04') },
    { ...NONE, aid: 'A00000000401', state: 7, privileges: hex('00') },
  ])
  assert.deepEqual(
    oldEntriesOf(
      hex('05A000000004 01 00 02 06A00000000401 06A00000000402 | 05A000000005 01 00 00'),
      'packagesWithModules',
    ),
    [
      {
        ...{ ...NONE, aid: 'A000000004', state: 1, privileges: hex('00') },
        modules: ['A00000000401', 'A00000000402'],
      },
      { ...NONE, aid: 'A000000005', state: 1, privileges: hex('00') },
    ],
  )
})

test('registry: the format before TLV may be cut off between two entries only', () => {
  const entries = hex('05A000000004 0704 | 06A00000000401 0700')
  assert.equal(
    takenBeginnings(entries, (bytes) => oldEntriesOf(bytes, 'applications')),
    2,
  )
  const modules = hex('05A000000004 01 00 02 06A00000000401 06A00000000402')
  assert.equal(
    takenBeginnings(modules, (bytes) => oldEntriesOf(bytes, 'packagesWithModules')),
    1,
  )
})

test('registry: privileges are not views of the answer', () => {
  const [answer, old] = [hex(ISD), hex('05A000000004 0704')]
  const [entry] = entriesOf(answer)
  const [before] = oldEntriesOf(old, 'applications')
  answer.fill(0)
  old.fill(0)
  assert.deepEqual([entry?.privileges, before?.privileges], [hex('9EFE80'), hex('04')])
})

test('registry: selected by default is bit 04 of the first byte of privileges', () => {
  const entry = (privileges: string) => ({ ...NONE, aid: '', state: 7, privileges: hex(privileges) })
  for (const yes of ['04', '040000', '9E', '84']) assert.ok(isDefaultSelected(entry(yes)), yes)
  for (const no of ['', '00', '000400', 'FB']) assert.ok(!isDefaultSelected(entry(no)), no)
})

test('registry: asks for each kind by its P1', async () => {
  for (const [kind, p1] of [
    ['domain', '80'],
    ['applications', '40'],
    ['packages', '20'],
    ['packagesWithModules', '10'],
  ] as const) {
    const { send, sent } = session([`${LOAD_FILE_KAOH} 9000`])
    assert.deepEqual(aids(await readRegistry({ send }, kind)), ['A000000004'])
    assert.deepEqual(sent, [`80F2${p1}02024F00`])
  }
})

test('registry: 6310 asks for the next answer until one says 9000', async () => {
  const page = (aid: string, sw: string) => `E30B4F05${aid}9F700107 ${sw}`
  const { send, sent } = session([
    page('A000000001', '6310'),
    page('A000000002', '6310'),
    '6310',
    page('A000000003', '9000'),
  ])
  assert.deepEqual(aids(await readRegistry({ send }, 'applications')), [
    'A000000001',
    'A000000002',
    'A000000003',
  ])
  assert.deepEqual(sent, [FIRST, NEXT, NEXT, NEXT])
})

test('registry: an entry may be cut anywhere between two answers', async () => {
  const [whole, other] = [hexOf(hex(LOAD_FILE_KAOH)), 'E30B4F05A0000000059F700107']
  const both = whole + other
  for (let cut = 0; cut <= both.length; cut += 2) {
    const { send } = session([`${both.slice(0, cut)} 6310`, `${both.slice(cut)} 9000`])
    assert.deepEqual(
      aids(await readRegistry({ send }, 'applications')),
      ['A000000004', 'A000000005'],
      `${cut}`,
    )
  }
})

test('registry: 6A88 is the end, at once or after 6310', async () => {
  assert.deepEqual(await readRegistry(session(['6A88']), 'applications'), [])
  const { send, sent } = session([`${LOAD_FILE_KAOH} 6310`, '6A88'])
  assert.deepEqual(aids(await readRegistry({ send }, 'applications')), ['A000000004'])
  assert.deepEqual(sent, [FIRST, NEXT])
})

test('registry: 6310 without end is malformed after 256 answers, and no sooner', async () => {
  const endless = session([`${LOAD_FILE_KAOH} 6310`], 'endless')
  await assert.rejects(readRegistry(endless, 'applications'), gpError('gp.malformed', /no end after 256/))
  assert.equal(endless.sent.length, 256)
  const last = session([...Array<string>(255).fill('6310'), `${LOAD_FILE_KAOH} 9000`])
  assert.deepEqual(aids(await readRegistry(last, 'applications')), ['A000000004'])
})

for (const sw of ['6A86', '6A81']) {
  test(`registry: ${sw} means the old format, and in that one that the kind is not listed`, async () => {
    const old = session([sw, '05A000000004 0704 6310', '05A000000005 0700 9000'])
    assert.deepEqual(aids(await readRegistry(old, 'applications')), ['A000000004', 'A000000005'])
    assert.deepEqual(old.sent, [FIRST, OLD, OLD_NEXT])
    const none = session([sw, sw])
    assert.equal(await readRegistry(none, 'applications'), undefined)
    assert.deepEqual(none.sent, [FIRST, OLD])
  })

  test(`registry: ${sw} after 6310 is a refusal: what is known would be a part only`, async () => {
    const { send, sent } = session([`${LOAD_FILE_KAOH} 6310`, sw])
    await assert.rejects(
      readRegistry({ send }, 'applications'),
      refusal('GET STATUS', Number.parseInt(sw, 16)),
    )
    assert.deepEqual(sent, [FIRST, NEXT])
  })
}

test('registry: any other status word is a refusal, and asked once', async () => {
  for (const sw of [0x6982, 0x6985, 0x6d00, 0x6e00, 0x6283, 0x6c10, 0x6a80]) {
    const { send, sent } = session([sw.toString(16)])
    await assert.rejects(readRegistry({ send }, 'applications'), refusal('GET STATUS', sw))
    assert.deepEqual(sent, [FIRST])
  }
})

test('registry: an answer that is no TLV is malformed', async () => {
  await assert.rejects(readRegistry(session(['E30B4F 9000']), 'domain'), gpError('gp.malformed'))
  await assert.rejects(readRegistry(session(['6A86', '05A0 9000']), 'domain'), gpError('gp.malformed'))
})
