import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { readCap } from '../../src/globalplatform/cap/cap.ts'
import { COMPONENTS, type ComponentName } from '../../src/globalplatform/cap/components.ts'
import { demoCap, SIMULATOR_ONLY_PACKAGE } from '../../src/globalplatform/cap/demo.ts'
import {
  archiveOf,
  capError,
  changedDemo,
  component,
  demoComponents,
  directoryOf,
} from '../support/cap-bench.ts'
import { hex } from '../support/hex-fields.ts'

// Parts of tls_se.cap, as a converter wrote it and cards have taken it.
const REAL_HEADER = hex('01 000F | DECAFFED 01 02 04 | 00 01 05 0102030405')
const REAL_APPLET = hex('03 000A | 01 | 06 010203040500 44BA')
const REAL_IMPORT = hex(
  `04 0032 | 05 | 05 01 07 A0000000620101 | 05 01 07 A0000000620102 | 05 01 07 A0000000620201
  | 05 01 06 A00000015100 | 00 01 07 A0000000620001`,
)

type Changes = Parameters<typeof changedDemo>[0]

async function readChanged(changes: Changes) {
  return readCap(archiveOf(await changedDemo(changes)))
}

test('cap: the demo is read as what it is', async () => {
  const components = await demoComponents()
  const cap = await readCap(await demoCap())
  assert.deepEqual(cap, {
    version: '2.1',
    package: { aid: hex('01 02 03 04 05'), version: '1.0' },
    needsInt: false,
    hasExports: false,
    applets: [{ aid: hex('01 02 03 04 05 00'), installOffset: 8 }],
    imports: [
      { aid: hex('A0000000620101'), version: '1.0', name: 'javacard.framework' },
      { aid: hex('A0000000620001'), version: '1.0', name: 'java.lang' },
      { aid: SIMULATOR_ONLY_PACKAGE, version: '1.0' },
    ],
    javaCard: '2.1.1',
    loadFileData: cap.loadFileData,
    isSimulatorOnly: true,
  })
  const order: ComponentName[] = ['Header', 'Directory', 'Import', 'Applet', 'Class', 'Method', 'StaticField']
  const loaded = [...order, 'ConstantPool', 'RefLocation'] as const
  const expected = loaded.map((name) => hexOf(components.get(name)!)).join('')
  assert.equal(hexOf(cap.loadFileData), expected)
})

test('cap: the demo has the same bytes each time, and in each time zone', async () => {
  const first = await demoCap()
  assert.deepEqual(await demoCap(), first)
  for (const TZ of ['UTC', 'Asia/Kathmandu', 'America/Los_Angeles']) {
    const module = new URL('../../src/globalplatform/cap/demo.ts', import.meta.url).href
    const script = `import { demoCap } from '${module}'; process.stdout.write(await demoCap())`
    const args = ['--import', 'tsx', '--input-type=module', '-e', script]
    assert.deepEqual(
      new Uint8Array(execFileSync(process.execPath, args, { env: { ...process.env, TZ } })),
      first,
    )
  }
})

test('cap: the package for simulators only has a proprietary AID', () => {
  assert.deepEqual(SIMULATOR_ONLY_PACKAGE, hex('F0 49 4F 53 45 2D 53 49 4D'))
})

test('cap: the demo agrees with itself: methods, references and types lie where they are said to', async () => {
  const components = await demoComponents()
  const info = (name: ComponentName) => components.get(name)!.subarray(3)
  const method = info('Method')
  const [install, process] = [8, 0x15]
  assert.equal(info('Applet')[9], install)
  assert.equal(info('Class').at(-1), process)
  // max_stack, nargs and max_locals in front of the code; each ends with return.
  assert.deepEqual(method.subarray(install, install + 2), hex('02 30'))
  assert.deepEqual(method.subarray(process), hex('00 20 7A'))
  const deltas = info('RefLocation').subarray(4)
  const constants = info('ConstantPool')[1]!
  let at = 0
  for (const delta of deltas) {
    at += delta
    // new, invokespecial, invokevirtual, and what they refer to.
    assert.ok([0x8f, 0x8c, 0x8b].includes(method[at - 1]!), `at ${at}`)
    assert.ok((method[at]! << 8) + method[at + 1]! < constants)
  }
  assert.equal(deltas.length, info('RefLocation')[3])
})

test('cap: header, applet and imports of a real CAP file are parsed', async () => {
  const cap = await readChanged({ Header: REAL_HEADER, Applet: REAL_APPLET, Import: REAL_IMPORT })
  assert.equal(cap.version, '2.1')
  assert.deepEqual(cap.package, { aid: hex('01 02 03 04 05'), version: '1.0' })
  assert.deepEqual(cap.applets, [{ aid: hex('01 02 03 04 05 00'), installOffset: 0x44ba }])
  assert.deepEqual(
    cap.imports.map(({ name, version }) => `${name ?? '?'} ${version}`),
    [
      ...['javacard.framework 1.5', 'javacard.security 1.5', 'javacardx.crypto 1.5'],
      ...['org.globalplatform 1.5', 'java.lang 1.0'],
    ],
  )
  assert.equal(cap.javaCard, '3.0.4')
  assert.equal(cap.isSimulatorOnly, false)
})

test('cap: a later format has a name and 12 sizes; an unknown framework tells no Java Card version', async () => {
  const Header = component('Header', hex('DECAFFED 02 02 05 | 07 03 05 0102030405 | 03 61 2F 62'))
  const Import = component('Import', hex('01 | 09 09 07 A0000000620101'))
  const components = await changedDemo({ Header, Import })
  components.set('Debug', component('Debug', hex('00')))
  components.set('Directory', directoryOf(components, 12))
  const cap = await readCap(archiveOf(components))
  assert.equal(cap.version, '2.2')
  assert.deepEqual(cap.package, { aid: hex('0102030405'), version: '3.7', name: 'a/b' })
  assert.equal(cap.needsInt, true)
  assert.ok(!('javaCard' in cap))
  assert.ok(!hexOf(cap.loadFileData).endsWith('0C000100'))
})

test('cap: format 2.3 has the size of static resources besides, which must be none', async () => {
  const Header = component('Header', hex('DECAFFED 03 02 04 | 00 01 05 0102030405'))
  const components = await changedDemo({ Header })
  const info = [...directoryOf(components, 12).subarray(3)]
  for (const resources of [0, 1]) {
    const longer = Uint8Array.from([...info.slice(0, 24), 0, 0, 0, resources, ...info.slice(24)])
    longer[3] = longer.length
    components.set('Directory', component('Directory', longer))
    const reading = readCap(archiveOf(components))
    if (resources === 0) assert.equal((await reading).version, '2.3')
    else await assert.rejects(reading, capError('unsupported', /static resources/))
  }
})

test('cap: a library has no applet but exports', async () => {
  const Header = component('Header', hex('DECAFFED 01 02 02 | 00 01 05 0102030405'))
  const cap = await readChanged({ Header, Applet: undefined, Export: component('Export', hex('00')) })
  assert.deepEqual(cap.applets, [])
  assert.equal(cap.hasExports, true)
  assert.match(hexOf(cap.loadFileData), /0A000100050012/)
})

for (const { name, presence } of COMPONENTS) {
  test(`cap: without ${name}.cap it is ${presence === 'needed' ? 'refused, by name' : 'what it says'}`, async () => {
    const reading = readChanged({ [name]: undefined })
    if (presence === 'needed') {
      await assert.rejects(reading, capError('missing', new RegExp(`has no ${name}\\.cap;`)))
    } else if (name === 'Applet') {
      await assert.rejects(reading, capError('malformed', /flags and the presence of Applet\.cap/))
    } else assert.equal((await reading).applets.length, 1)
  })
  test(`cap: a size field of ${name}.cap that is one off is refused`, async () => {
    const whole = (await demoComponents()).get(name) ?? component(name, hex('00'))
    for (const off of [-1, 1]) {
      const wrong = whole.slice()
      wrong[2] = wrong[2]! + off
      await assert.rejects(
        readChanged({ [name]: wrong }),
        capError('malformed', new RegExp(`^${name}\\.cap: its size field`)),
      )
    }
    const otherTag = whole.slice()
    otherTag[0] = 0x7f
    await assert.rejects(readChanged({ [name]: otherTag }), capError('malformed', /its tag is 127/))
  })
}

for (const length of [0, 4, 5, 16, 17]) {
  const isRight = length === 5 || length === 16
  test(`cap: an AID of ${length} bytes is ${isRight ? 'taken' : 'refused'} wherever it stands`, async () => {
    const aid = Uint8Array.from({ length }, (_, index) => index + 1)
    const changes: Changes[] = [
      { Header: component('Header', Uint8Array.of(...hex('DECAFFED 01 02 04 00 01'), length, ...aid)) },
      { Applet: component('Applet', Uint8Array.of(1, length, ...aid, 0, 8)) },
      { Import: component('Import', Uint8Array.of(1, 0, 1, length, ...aid)) },
    ]
    for (const change of changes) {
      if (isRight) await readChanged(change)
      else
        await assert.rejects(readChanged(change), capError('malformed', new RegExp(`an AID of ${length} b`)))
    }
  })
}

const WRONG: [string, Changes, string, RegExp][] = [
  ['another magic', { Header: header('DECAFFEE 01 02 04') }, 'malformed', /DECAFFEE/],
  ['format 2.0', { Header: header('DECAFFED 00 02 04') }, 'unsupported', /version 2\.0/],
  ['format 2.4', { Header: header('DECAFFED 04 02 04') }, 'unsupported', /version 2\.4/],
  ['an extended header', { Header: header('DECAFFED 03 02 0C') }, 'unsupported', /extended/],
  ['an export flag alone', { Header: header('DECAFFED 01 02 06') }, 'malformed', /Export\.cap/],
  ['a name of controls', { Header: header('DECAFFED 01 02 04', '02 1B 63') }, 'malformed', /no text/],
  ['a name of no UTF-8', { Header: header('DECAFFED 01 02 04', '01 FF') }, 'malformed', /no text/],
  ['a name too long', { Header: header('DECAFFED 01 02 04', '02 61') }, 'malformed', /^Header\.cap: ends/],
  [
    'bytes behind the name',
    { Header: header('DECAFFED 01 02 04', '00 00') },
    'malformed',
    /1 bytes too many/,
  ],
  ['no applet', { Applet: component('Applet', hex('00')) }, 'malformed', /no applet/],
  [
    'more imports than bytes',
    { Import: component('Import', hex('02 00 01 05 0102030405')) },
    'malformed',
    /ends/,
  ],
  [
    'the same applet twice',
    { Applet: component('Applet', hex('02 05 0102030405 0001 05 0102030405 0002')) },
    'malformed',
    /same AID/,
  ],
]

function header(start: string, end = ''): Uint8Array {
  return component('Header', hex(`${start} 00 01 05 0102030405 ${end}`))
}

for (const [what, changes, code, message] of WRONG) {
  test(`cap: ${what} is refused`, async () => {
    await assert.rejects(readChanged(changes), capError(code, message))
  })
}

test('cap: a Directory that disagrees with the components is refused', async () => {
  const right = (await demoComponents()).get('Directory')!
  for (let offset = 3; offset < right.length; offset++) {
    const isStaticSize = offset >= 25 && offset < 31
    const wrong = right.slice()
    wrong[offset] = wrong[offset]! + 1
    const reading = readChanged({ Directory: wrong })
    if (isStaticSize) await reading
    else await assert.rejects(reading, capError('malformed', /^Directory\.cap: /))
  }
})

test('cap: a Directory may list custom components, which are not loaded', async () => {
  const components = await changedDemo({})
  const info = [...components.get('Directory')!.subarray(3)]
  info[3] = info.length + 9
  const custom = Uint8Array.from([...info.slice(0, -1), 1, 0x80, 0, 1, 5, 1, 2, 3, 4, 5])
  components.set('Directory', component('Directory', custom))
  assert.equal((await readCap(archiveOf(components))).applets.length, 1)
})

test('cap: the caller may use its bytes again at once', async () => {
  const bytes = await demoCap()
  const expected = await readCap(bytes.slice())
  const reading = readCap(bytes)
  bytes.fill(0xee)
  assert.deepEqual(await reading, expected)
})
