import assert from 'node:assert/strict'
import test from 'node:test'
import { MAX_ARCHIVE_BYTES } from '../../src/globalplatform/cap/archive.ts'
import { readCap } from '../../src/globalplatform/cap/cap.ts'
import { COMPONENTS, MAX_COMPONENT_BYTES } from '../../src/globalplatform/cap/components.ts'
import { demoCap } from '../../src/globalplatform/cap/demo.ts'
import { CapError } from '../../src/globalplatform/cap/errors.ts'
import {
  archiveOf,
  capError,
  changedDemo,
  component,
  demoComponents,
  entriesOf,
  withEntry,
} from '../support/cap-bench.ts'
import { hex } from '../support/hex-fields.ts'
import { Random } from '../support/random.ts'
import { type ZipEntry, zipOf } from '../support/zip-archive.ts'

const entries = entriesOf(await demoComponents())
const demo = await demoCap()
const demoFile = await readCap(demo)

test('cap archive: stored and deflated components are the same', async () => {
  assert.deepEqual(await readCap(zipOf(entries)), demoFile)
  assert.deepEqual(await readCap(zipOf(entries.map((entry) => ({ ...entry, method: 0 })))), demoFile)
})

test('cap archive: what is no zip is told apart from what was one', async () => {
  for (const bytes of [
    hex(''),
    hex('00'),
    Buffer.from('PK'),
    Buffer.alloc(1000),
    new Random(1).bytes(5000),
  ]) {
    await assert.rejects(readCap(bytes), capError('not-zip', /not a zip archive/))
  }
  await assert.rejects(readCap(demo.subarray(0, -1)), capError('damaged', /cut off or altered/))
})

test('cap archive: a zip without a component says that it may be the wrong file', async () => {
  await assert.rejects(readCap(zipOf([])), capError('missing', /right file/))
  const other = [{ name: 'letter.txt', content: hex('00') }]
  await assert.rejects(readCap(zipOf(other)), capError('missing', /right file/))
})

test('cap archive: cut off anywhere it is refused', async () => {
  for (let length = 0; length < demo.length; length++) {
    await assert.rejects(readCap(demo.subarray(0, length)), CapError, `${length} bytes`)
  }
})

for (const [name, archive] of [
  ['stored', demo],
  ['deflated', zipOf(entries)],
] as const) {
  test(`cap archive: a byte altered anywhere (${name}) is refused, or nothing that is read`, async () => {
    for (let offset = 0; offset < archive.length; offset++) {
      for (const flip of [1 << (offset % 8), 0xff]) {
        const altered = archive.slice()
        altered[offset] = altered[offset]! ^ flip
        try {
          assert.deepEqual(await readCap(altered), demoFile)
        } catch (error) {
          assert.ok(error instanceof CapError, `at ${offset}: ${String(error)}`)
        }
      }
    }
  })
}

test('cap archive: a bomb that says how large it is is not unpacked', async () => {
  const bomb = withEntry(entries, 'Method', { content: new Uint8Array(64 * 1024 * 1024) })
  assert.ok(bomb.length < 100_000)
  await assert.rejects(readCap(bomb), capError('too-large', /^Method\.cap: 67108864 bytes/))
})

test('cap archive: a bomb that says it is small is unpacked no further than it says', async () => {
  const content = new Uint8Array(64 * 1024 * 1024)
  for (const declaredSize of [3, 20, MAX_COMPONENT_BYTES]) {
    const bomb = withEntry(entries, 'Method', { content, declaredSize })
    const before = process.memoryUsage().arrayBuffers
    await assert.rejects(
      readCap(bomb),
      capError('damaged', new RegExp(`more than the ${declaredSize} bytes it declares`)),
    )
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024)
  }
})

test('cap archive: a component that is smaller than it says is refused', async () => {
  const { content } = entries.find((entry) => String(entry.name).endsWith('Method.cap'))!
  const archive = withEntry(entries, 'Method', { declaredSize: content.length + 1 })
  await assert.rejects(readCap(archive), capError('damaged', /^Method\.cap: 27 bytes, the archive says 28/))
})

test('cap archive: 65538 bytes are a component, 65539 are too many', async () => {
  const largest = component('Method', new Uint8Array(0xffff))
  assert.equal(largest.length, MAX_COMPONENT_BYTES)
  const read = await readCap(archiveOf(await changedDemo({ Method: largest })))
  assert.equal(read.loadFileData.length, demoFile.loadFileData.length - 27 + 65538)
  const larger = Uint8Array.of(...largest, 0)
  await assert.rejects(
    readCap(withEntry(entries, 'Method', { content: larger })),
    capError('too-large', /65539/),
  )
  await assert.rejects(
    readCap(withEntry(entries, 'Method', { content: hex('07 00') })),
    capError('malformed', /2 bytes, too few/),
  )
  await assert.rejects(
    readCap(withEntry(entries, 'Method', { content: hex('') })),
    capError('malformed', /0 bytes, too few/),
  )
})

test('cap archive: the bound of a component keeps all together below 1 MiB', () => {
  assert.ok(COMPONENTS.length * MAX_COMPONENT_BYTES < 1024 * 1024)
})

test('cap archive: 4 MiB are an archive, a byte more is not', async () => {
  const padding = { name: 'padding', method: 0, content: new Uint8Array(0) }
  const room = MAX_ARCHIVE_BYTES - zipOf([...entries, padding]).length
  const padded = (length: number) => zipOf([...entries, { ...padding, content: new Uint8Array(length) }])
  assert.deepEqual(await readCap(padded(room)), demoFile)
  await assert.rejects(readCap(padded(room + 1)), capError('too-large', /4194305 bytes/))
})

test('cap archive: 256 files are taken, 257 are not', async () => {
  const filled = (count: number) => {
    const others = Array.from({ length: count - entries.length }, (_, index) => ({
      name: `META-INF/${index}`,
      content: hex('00'),
    }))
    return zipOf([...others, ...entries])
  }
  assert.deepEqual(await readCap(filled(256)), demoFile)
  await assert.rejects(readCap(filled(257)), capError('too-large', /257 files/))
})

test('cap archive: encryption and unknown packing are refused as such', async () => {
  const encrypted = (flags: number) => withEntry(entries, 'Class', { flags })
  await assert.rejects(readCap(encrypted(0x0001)), capError('unsupported', /^Class\.cap: encrypted/))
  await assert.rejects(readCap(encrypted(0x0041)), capError('unsupported', /encrypted/))
  for (const method of [1, 9, 12, 14, 93, 99]) {
    const packed = withEntry(entries, 'Class', { method })
    await assert.rejects(
      readCap(packed),
      capError('unsupported', new RegExp(`^Class\\.cap: packed by method ${method}`)),
    )
  }
})

test('cap archive: a wrong checksum is refused', async () => {
  for (const { name } of COMPONENTS) {
    if (name === 'Export' || name === 'Debug') continue
    await assert.rejects(
      readCap(withEntry(entries, name, { crc: 1 })),
      capError('damaged', new RegExp(`^${name}\\.cap: its checksum`)),
    )
  }
})

test('cap archive: two names for one component are refused', async () => {
  const archive = withEntry(entries, 'Class', { localName: 'com/example/javacard/Blass.cap' })
  await assert.rejects(readCap(archive), capError('damaged', /^Class\.cap: the archive describes it in two/))
})

const HOSTILE: [string, string | Uint8Array, RegExp][] = [
  [
    'a way up',
    '../javacard/Other.cap',
    /file "\.\.\/javacard\/Other\.cap" in the archive: its name has \.\./,
  ],
  ['a way up within', 'a/../../Other.cap', /has \.\. in it/],
  ['an absolute path', '/etc/Other.cap', /absolute path/],
  ['a drive', 'C:/Other.cap', /absolute path/],
  ['a backslash', 'a\\javacard\\Other.cap', /backslash/],
  ['a NUL', 'Other.cap\0.txt', /file "Other\.cap\?\.txt" .* control character/],
  ['a line break', 'Other\r\n.cap', /control character/],
  ['an escape of a terminal', Buffer.from('Other\x9b2J', 'latin1'), /file "Other\?2J" .* control character/],
]

for (const [what, name, message] of HOSTILE) {
  test(`cap archive: a file name with ${what} is refused, though nothing is unpacked to disk`, async () => {
    const hostile: ZipEntry = { name, content: hex('00') }
    await assert.rejects(readCap(zipOf([...entries, hostile])), capError('malformed', message))
  })
}

test('cap archive: a component is known in either case, but only once', async () => {
  const shouted = entries.map((entry) => ({
    ...entry,
    name: String(entry.name).replace(/[^/]+$/, (file) => file.toUpperCase()),
  }))
  assert.deepEqual(await readCap(zipOf(shouted)), demoFile)
  await assert.rejects(
    readCap(zipOf([...entries, ...shouted.slice(0, 1)])),
    capError('malformed', /^Header\.cap: more than once/),
  )
  await assert.rejects(
    readCap(zipOf([...entries, ...entries.slice(0, 1)])),
    capError('malformed', /^Header\.cap: more than once/),
  )
})

test('cap archive: several packages are refused as such', async () => {
  const second = { name: 'com/other/javacard/Header.cap', content: hex('00') }
  await assert.rejects(
    readCap(zipOf([...entries, second])),
    capError('unsupported', /several packages in one CAP file \(extended, of Java Card 3\.1\)/),
  )
  const extended = { name: 'com/example/javacard/Header.capx', content: hex('00') }
  await assert.rejects(readCap(zipOf([...entries, extended])), capError('unsupported', /several packages/))
  const resources = { name: 'com/example/javacard/StaticResources.cap', content: hex('00') }
  await assert.rejects(readCap(zipOf([...entries, resources])), capError('unsupported', /static resources/))
})

test('cap archive: other files are ignored, whatever they are', async () => {
  const others = [
    { name: 'META-INF/MANIFEST.MF', content: hex('00'), crc: 7 },
    { name: 'APPLET-INF/classes/Applet.class', content: hex('00'), method: 99 },
    { name: 'com/example/javacard/', content: hex('') },
    { name: 'com/example/javacard/Other.cap', content: hex('00'), flags: 1 },
  ]
  assert.deepEqual(await readCap(zipOf([...others, ...entries])), demoFile)
})
