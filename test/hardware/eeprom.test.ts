import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { boardEeprom } from '../../src/hardware/board-eeprom.ts'
import { crc16 } from '../../src/hardware/crc16.ts'
import { decodeEeprom, type Eeprom, encodeEeprom } from '../../src/hardware/eeprom.ts'
import { boardUuid, uuid5, wiringMark } from '../../src/hardware/identity.ts'
import { changedIn, HARDWARE, hatBoard, STEM } from './bench.ts'

const VENDOR = {
  uuid: '00112233-4455-6677-8899-aabbccddeeff',
  productId: 0x0102,
  productVersion: 0x0304,
  vendor: 'AB',
  product: 'C',
}
const PLUS: Eeprom = {
  version: 2,
  vendor: VENDOR,
  deviceTree: Buffer.from('x-1'),
  custom: [],
  supplyMa: 3000,
}

// The catalogue of parametrised CRC algorithms, CRC-16/ARC; and bytes whose CRC is their polynomial.
for (const [bytes, crc] of [
  [Buffer.from('123456789'), 0xbb3d],
  [Buffer.alloc(0), 0],
  [Uint8Array.of(0x01), 0xc0c1],
  [Uint8Array.of(0x80), 0xa001],
  [Uint8Array.of(0xff, 0xff), 0xb001],
] as const) {
  test(`eeprom: the CRC of ${Buffer.from(bytes).toString('hex') || 'nothing'}`, () => {
    assert.equal(crc16(bytes).toString(16), crc.toString(16))
  })
}

test('eeprom: a CRC with its own bytes behind it is 0', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const crc = crc16(bytes)
      assert.equal(crc16(Uint8Array.of(...bytes, crc & 0xff, crc >> 8)), 0)
    }),
    { seed: 3 },
  )
})

test('eeprom: the bytes of a HAT+, field by field', () => {
  const spaced = `52 2d 50 69 | 02 00 | 03 00 | 4a 00 00 00
    01 00 | 00 00 | 1b 00 00 00 | ff ee dd cc bb aa 99 88 77 66 55 44 33 22 11 00 | 02 01 | 04 03 | 02 01 | 41 42 | 43 | CRC
    03 00 | 01 00 | 05 00 00 00 | 78 2d 31 | CRC
    06 00 | 02 00 | 06 00 00 00 | b8 0b 00 00 | CRC`
  const lines = spaced.split('\n').map((line) => {
    const bytes = Buffer.from(line.replace(/CRC|[ |]/g, ''), 'hex')
    const crc = crc16(bytes)
    return line.includes('CRC') ? Buffer.concat([bytes, Uint8Array.of(crc & 0xff, crc >> 8)]) : bytes
  })
  assert.equal(Buffer.from(encodeEeprom(PLUS)).toString('hex'), Buffer.concat(lines).toString('hex'))
})

test('eeprom: a HAT has a GPIO map and a compiled overlay', () => {
  const hat: Eeprom = {
    ...{
      version: 1,
      vendor: VENDOR,
      gpioMap: new Uint8Array(30).fill(0x81),
      custom: [Uint8Array.of(1), Uint8Array.of()],
    },
    deviceTree: Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed),
  }
  const image = encodeEeprom(hat)
  assert.deepEqual(plain(decodeEeprom(image)), plain({ eeprom: { ...hat, supplyMa: undefined } }))
})

test('eeprom: what is written is read, and written again is the same', () => {
  const bytes = (most: number) => fc.uint8Array({ maxLength: most })
  const text = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 255,
  })
  const word = fc.integer({ min: 0, max: 0xffff })
  const made = fc.record({
    uuid: fc.uuid(),
    ...{ productId: word, productVersion: word, vendor: text, product: text },
    custom: fc.array(bytes(300), { maxLength: 4 }),
    supplyMa: fc.option(fc.integer({ min: 0, max: 0xffff_ffff }), { nil: undefined }),
    overlay: fc.option(fc.stringMatching(/^[0-9a-z][a-z-]{0,62}$/), { nil: undefined }),
  })
  fc.assert(
    fc.property(made, ({ custom, supplyMa, overlay, ...vendor }) => {
      const deviceTree = overlay === undefined ? undefined : Buffer.from(overlay)
      const eeprom: Eeprom = { version: 2, vendor, custom, supplyMa, deviceTree, gpioMap: undefined }
      const image = encodeEeprom(eeprom)
      const reading = decodeEeprom(image)
      assert.deepEqual(plain(reading), plain({ eeprom }))
      assert.ok('eeprom' in reading)
      assert.deepEqual(encodeEeprom(reading.eeprom), image)
      assert.deepEqual(plain(decodeEeprom(Buffer.concat([image, Buffer.alloc(64, 0xff)]))), plain({ eeprom }))
    }),
    { numRuns: 200, seed: 1 },
  )
})

test('eeprom: every single byte that is another one is noticed, alone and before erased bytes', () => {
  const image = readFileSync(join(HARDWARE, `eeprom/${STEM}.eep`))
  const padded = Buffer.concat([image, Buffer.alloc(64, 0xff)])
  for (const whole of [image, padded]) {
    assert.ok('eeprom' in decodeEeprom(whole))
    for (let at = 0; at < whole.length; at++) {
      for (let change = 1; change < 256; change++) {
        const copy = Buffer.from(whole)
        copy.writeUInt8(copy.readUInt8(at) ^ change, at)
        assert.ok('problem' in decodeEeprom(copy), `byte ${at} changed by ${change}`)
      }
    }
  }
})

test('eeprom: an image that is cut off anywhere is none', () => {
  const image = encodeEeprom(PLUS)
  for (let length = 0; length < image.length; length++) {
    assert.ok('problem' in decodeEeprom(image.subarray(0, length)), `${length} bytes`)
  }
})

test('eeprom: whatever the bytes are, reading them ends with an answer', () => {
  const header = Buffer.from('522d506902000200', 'hex')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isLike) => {
      const whole = isLike ? Buffer.concat([header, bytes]) : bytes
      assert.ok('problem' in decodeEeprom(whole))
    }),
    { numRuns: 5000, seed: 2 },
  )
})

// Each is an image with right CRCs and one thing that must not be.
for (const [what, eeprom, problem] of [
  ['a HAT+ with a GPIO map', { ...PLUS, gpioMap: new Uint8Array(30) }, /a HAT\+ must have no GPIO map/],
  ['a HAT without one', { ...PLUS, version: 1, supplyMa: undefined }, /a HAT must have a GPIO map/],
  [
    'a GPIO map that is too short',
    { ...PLUS, version: 1, gpioMap: new Uint8Array(29) },
    /GPIO map has 29 bytes/,
  ],
  [
    'a GPIO map that is too long',
    { ...PLUS, version: 1, gpioMap: new Uint8Array(31) },
    /GPIO map has 31 bytes/,
  ],
  ['a HAT with a supply', { ...PLUS, version: 1, gpioMap: new Uint8Array(30) }, /power supply atom is none/],
  ['a compiled overlay on a HAT+', { ...PLUS, deviceTree: Uint8Array.of(0xd0, 0x0d) }, /names its overlay/],
  ['a name that is empty', { ...PLUS, deviceTree: new Uint8Array(0) }, /names its overlay/],
  ['a name of 256 bytes', { ...PLUS, deviceTree: Buffer.alloc(256, 'a') }, /names its overlay/],
  ['a vendor of 256 bytes', { ...PLUS, vendor: { ...VENDOR, vendor: 'v'.repeat(256) } }, /has no place/],
  ['a product beyond ASCII', { ...PLUS, vendor: { ...VENDOR, product: 'é' } }, /has no place/],
  ['a UUID that is none', { ...PLUS, vendor: { ...VENDOR, uuid: '1' } }, /1 is no UUID/],
] as const) {
  test(`eeprom: ${what} is refused`, () => {
    assert.throws(() => encodeEeprom(eeprom), problem)
  })
}

test('eeprom: a name of 255 bytes and a vendor of 255 are taken', () => {
  const vendor = { ...VENDOR, vendor: 'v'.repeat(255), product: '' }
  encodeEeprom({ ...PLUS, vendor, deviceTree: Buffer.alloc(255, 'a') })
})

test('eeprom: atoms out of order, twice, or unknown are refused', () => {
  const image = encodeEeprom(PLUS)
  const atom = (type: number, number: number, body: Uint8Array): Buffer => {
    const head = Buffer.alloc(8)
    head.writeUInt16LE(type, 0)
    head.writeUInt16LE(number, 2)
    head.writeUInt32LE(body.length + 2, 4)
    const covered = Buffer.concat([head, body])
    return Buffer.concat([covered, Uint8Array.of(crc16(covered) & 0xff, crc16(covered) >> 8)])
  }
  const vendor = image.subarray(12 + 8, 12 + 8 + 25)
  const imageOf = (...atoms: Buffer[]): Buffer => {
    const header = Buffer.from('522d50690200000000000000', 'hex')
    header.writeUInt16LE(atoms.length, 6)
    header.writeUInt32LE(12 + Buffer.concat(atoms).length, 8)
    return Buffer.concat([header, ...atoms])
  }
  const name = Buffer.from('a')
  assert.ok('eeprom' in decodeEeprom(imageOf(atom(1, 0, vendor), atom(3, 1, name))))
  for (const [atoms, problem] of [
    [[atom(3, 0, name), atom(1, 1, vendor)], /not in order/],
    [[atom(1, 0, vendor), atom(1, 1, vendor)], /not in order/],
    [[atom(1, 0, vendor), atom(3, 2, name)], /atom 1: its number is wrong/],
    [[atom(1, 0, vendor), atom(5, 1, name)], /atoms of type 5 are not known/],
    [[atom(1, 0, vendor), atom(6, 1, name)], /power supply atom is none/],
    [[atom(3, 0, name)], /vendor info is missing/],
    [[atom(1, 0, vendor.subarray(1))], /vendor info is missing or malformed/],
    [[], /vendor info is missing/],
  ] as const) {
    const reading = decodeEeprom(imageOf(...atoms))
    assert.match('problem' in reading ? reading.problem : 'none', problem)
  }
})

test('eeprom: what is opaque is a view of what was read', () => {
  const image = encodeEeprom(PLUS)
  const reading = decodeEeprom(image)
  assert.ok('eeprom' in reading)
  image.fill(0)
  assert.deepEqual([...(reading.eeprom.deviceTree ?? [])], [0, 0, 0])
  assert.equal(reading.eeprom.vendor.vendor, 'AB')
})

test('identity: name-based UUIDs as RFC 9562 has them (appendix A.4)', () => {
  const uuid = uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')
  assert.equal(uuid, '2ed6657d-e927-568b-95e1-2665a8aea6a2')
})

test('identity: the UUID is that of name, revision and serial, and of nothing else', () => {
  const all = [
    boardUuid({ name: 'a', revision: 'b' }),
    boardUuid({ name: 'a', revision: 'c' }),
    boardUuid({ name: 'a:b', revision: '' }),
    boardUuid({ name: 'a', revision: 'b' }, ''),
    boardUuid({ name: 'a', revision: 'b' }, '1'),
    boardUuid({ name: 'a', revision: 'b' }, '2'),
  ]
  assert.equal(new Set(all).size, all.length)
  assert.equal(all[0], boardUuid({ name: 'a', revision: 'b' }))
})

test('identity: the mark is that of the wires, not of comments, names of parts or order of keys', () => {
  const mark = wiringMark(hatBoard())
  const same = [
    changedIn('U1', 'part = "', 'part = "X'),
    changedIn('U1', 'select = { mux = 0x70, channel = 0,', 'select = { channel = 0, mux = 0x70,'),
    changedIn('U1', 'max_ma = 30', 'max_ma = 29'),
  ]
  for (const toml of same) assert.equal(wiringMark(hatBoard(toml)), mark)
  assert.notEqual(wiringMark(hatBoard(changedIn('U1', 'line = 17', 'line = 14'))), mark)
})

test('eeprom: that of revision A says who it is and which overlay it wants', () => {
  const reading = decodeEeprom(readFileSync(join(HARDWARE, `eeprom/${STEM}.eep`)))
  assert.ok('eeprom' in reading)
  assert.deepEqual(
    plain(reading.eeprom),
    plain({ ...boardEeprom(hatBoard()), gpioMap: undefined, supplyMa: undefined }),
  )
  assert.equal(Buffer.from(reading.eeprom.deviceTree ?? []).toString(), 'iose-hat-rev-a')
})

/** Bytes as hex: buffers and arrays of bytes are the same then. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}
