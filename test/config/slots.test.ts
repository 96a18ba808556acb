import assert from 'node:assert/strict'
import test from 'node:test'
import { parseConfig } from '../../src/config/config.ts'
import { placesOf } from './places.ts'

test('config: an element on an I2C bus has its SEID from where it is', () => {
  const config = parseConfig(
    `[[slots]]
driver = "i2c"
address = 0x48
framing = "nxp"

[[slots]]
driver = "i2c"
bus = 3
address = 0x48
framing = "gp"
select = { mux = 0x70, channel = 3 }
sen = "vault.example.com"
`,
    'file',
  )
  const front = { designator: undefined, led: undefined, button: undefined }
  const wiring = { reset: undefined, power: undefined, ready: undefined, select: undefined }
  const common = { aliases: [], aid: undefined, maxRecordBytes: 512, front, driver: 'i2c', address: 0x48 }
  assert.deepEqual(config.slots, [
    {
      ...common,
      seid: 'i2c-1-48',
      sen: undefined,
      bus: 1,
      framing: 'nxp',
      clockHz: undefined,
      segment: undefined,
      wiring,
    },
    {
      ...common,
      ...{
        seid: 'i2c-3-48-ch3',
        sen: 'vault.example.com',
        bus: 3,
        framing: 'gp',
        clockHz: undefined,
        wiring,
      },
      segment: { mux: 0x70, channel: 3 },
    },
  ])
})

for (const [what, lines, message] of [
  ['a reserved address', 'address = 0x07\nframing = "nxp"', /slots\[0\]\.address: found 7, expected >=8/],
  ['no framing', 'address = 0x48', /slots\[0\]\.framing: found undefined, expected/],
  ['an unknown framing', 'address = 0x48\nframing = "t1"', /slots\[0\]\.framing: found "t1"/],
  [
    'a key of another driver',
    'address = 0x48\nframing = "gp"\napplet = "echo"',
    /slots\[0\]\.applet: unknown key/,
  ],
  [
    'no multiplexer',
    'address = 0x48\nframing = "gp"\nselect = { mux = 0x48, channel = 0 }',
    /slots\[0\]\.select\.mux/,
  ],
] as const) {
  test(`config: an I2C slot with ${what} is an error`, () => {
    assert.throws(() => parseConfig(`[[slots]]\ndriver = "i2c"\n${lines}\n`, 'file'), message)
  })
}

test('config: two elements at one place are an error, behind different channels they are not', () => {
  const at = (channel: number): string =>
    `[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "gp"\nselect = { mux = 0x70, channel = ${channel} }\n`
  assert.equal(parseConfig(at(1) + at(2), 'file').slots.length, 2)
  const twice = `${at(1)}seid = "a"\n${at(1)}seid = "b"\n`
  assert.throws(() => parseConfig(twice, 'file'), /address 0x48 of bus 1 behind channel 1 of 0x70 twice/)
})

test('config: the lines of an I2C slot, with what they mean when nothing is said', () => {
  const toml = `[[slots]]
driver = "i2c"
address = 0x48
framing = "nxp"
clock_hz = 400000
select = { mux = 0x70, channel = 2, reset = { line = 4 } }
reset = { decoder = [13, 6, 5, 12], enable = 19, output = 5 }
power = { line = 24 }
ready = { line = 25, active = "low", chip = "gpiochip1" }
`
  const [slot] = parseConfig(toml, 'file').slots
  const high = (line: number) => ({ chip: undefined, line, active: 'high' })
  const enable = { chip: undefined, line: 19, active: 'low' }
  assert.deepEqual(slot?.driver === 'i2c' && { ...slot.wiring, segment: slot.segment }, {
    power: { line: 24, active: 'low' },
    reset: { address: [13, 6, 5, 12].map(high), enable, output: 5 },
    ready: { line: 25, active: 'low', chip: 'gpiochip1' },
    select: undefined,
    segment: { mux: 0x70, channel: 2, reset: { line: 4, active: 'low' } },
  })
})

test('config: an I2C slot that a decoder chooses has its output in the SEID', () => {
  const at = (output: number): string =>
    `[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "nxp"\nselect = { decoder = [5, 6], enable = 7, output = ${output} }\n`
  const seids = placesOf(parseConfig(at(0) + at(3), 'file')).map(({ seid }) => seid)
  assert.deepEqual(seids, ['i2c-1-48-out0', 'i2c-1-48-out3'])
  assert.throws(() => parseConfig(at(4), 'file'), /select: found .*, expected an output that the decoder has/)
  const twice = `${at(1)}seid = "a"\n${at(1)}seid = "b"\n`
  assert.throws(() => parseConfig(twice, 'file'), /address 0x48 of bus 1 at output 1 twice/)
})

for (const [what, first, second, message] of [
  [
    'a reset line',
    'reset = { line = 4 }',
    'reset = { line = 4 }',
    /GPIO line 4 twice, also in file: slots\[0\]/,
  ],
  ['a LED and a reset line', 'led = { line = 4 }', 'reset = { line = 4 }', /GPIO line 4 twice/],
  [
    'an output of a decoder',
    'reset = { decoder = [5, 6], enable = 7, output = 1 }',
    'reset = { decoder = [5, 6], enable = 7, output = 1 }',
    /output 1 of the decoder at 5, 6, 7 twice/,
  ],
  [
    'a line of a decoder',
    'reset = { decoder = [5, 6], enable = 7, output = 1 }',
    'reset = { line = 6 }',
    /GPIO line 6 twice/,
  ],
] as const) {
  test(`config: ${what} that two slots want is an error`, () => {
    const at = (address: number, more: string): string =>
      `[[slots]]\ndriver = "i2c"\naddress = ${address}\nframing = "nxp"\n${more}\n`
    assert.throws(() => parseConfig(at(0x10, first) + at(0x11, second), 'file'), message)
  })
}

test('config: one line cannot be two things of one slot, one decoder may reset two', () => {
  const at = (address: number, more: string): string =>
    `[[slots]]\ndriver = "i2c"\naddress = ${address}\nframing = "nxp"\n${more}\n`
  const same = at(0x10, 'led = { line = 4 }\nbutton = { line = 4 }')
  assert.throws(() => parseConfig(same, 'file'), /GPIO line 4 twice/)
  const shared = (output: number): string => `reset = { decoder = [5, 6], enable = 7, output = ${output} }`
  assert.equal(parseConfig(at(0x10, shared(0)) + at(0x11, shared(1)), 'file').slots.length, 2)
})

test('config: two slots behind one multiplexer cannot reset it by different lines', () => {
  const at = (channel: number, line: number): string =>
    `[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "nxp"\nselect = { mux = 0x70, channel = ${channel}, reset = { line = ${line} } }\n`
  assert.equal(parseConfig(at(0, 4) + at(1, 4), 'file').slots.length, 2)
  const differing = at(0, 4) + at(1, 5)
  assert.throws(() => parseConfig(differing, 'file'), /the reset of the multiplexer 0x70 of bus 1 twice/)
})

test('config: an unknown key of a line names the nearest one', () => {
  const toml =
    '[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "nxp"\nreset = { line = 4, activ = "low" }\n'
  assert.throws(() => parseConfig(toml, 'file'), /slots\[0\]\.reset\.activ: unknown key; .* 'active'/)
})

test('config: an element on an SPI controller has its SEID from where it is', () => {
  const config = parseConfig(
    `[[slots]]
driver = "spi"
framing = "gp"

[[slots]]
driver = "spi"
bus = 255
chip_select = 15
framing = "nxp"
clock_hz = 50_000_000
sen = "vault.example.com"
aid = "0102030405"
`,
    'file',
  )
  const front = { designator: undefined, led: undefined, button: undefined }
  const wiring = { reset: undefined, power: undefined, ready: undefined, select: undefined }
  const common = { aliases: [], maxRecordBytes: 512, front, driver: 'spi', wiring }
  assert.deepEqual(config.slots, [
    {
      ...common,
      ...{ seid: 'spi-0.0', sen: undefined, aid: undefined },
      ...{ bus: 0, chipSelect: 0, framing: 'gp', clockHz: 1_000_000 },
    },
    {
      ...common,
      ...{ seid: 'spi-255.15', sen: 'vault.example.com', aid: Uint8Array.of(1, 2, 3, 4, 5) },
      ...{ bus: 255, chipSelect: 15, framing: 'nxp', clockHz: 50_000_000 },
    },
  ])
})

for (const [what, lines, message] of [
  ['no framing', '', /slots\[0\]\.framing: found undefined, expected/],
  ['an unknown framing', 'framing = "t1"', /slots\[0\]\.framing: found "t1", expected \("gp" \| "nxp"\)$/],
  ['iso blocks', 'framing = "iso"', /slots\[0\]\.framing: found "iso", expected .*SPI shows 00 when idle.*$/],
  ['the bridge', 'framing = "bridge"', /found "bridge", expected "gp" or "nxp": the bridge is an I2C part$/],
  ['a 256th bus', 'framing = "gp"\nbus = 256', /slots\[0\]\.bus: found 256, expected <=255/],
  ['a 17th chip select', 'framing = "gp"\nchip_select = 16', /slots\[0\]\.chip_select: found 16/],
  ['no clock', 'framing = "gp"\nclock_hz = 0', /slots\[0\]\.clock_hz: found 0, expected >=1/],
  ['too fast a clock', 'framing = "gp"\nclock_hz = 50_000_001', /slots\[0\]\.clock_hz: found 50000001/],
  ['a key of another driver', 'framing = "gp"\naddress = 0x48', /slots\[0\]\.address: unknown key/],
  ['a misspelt key', 'framing = "gp"\nchipselect = 1', /unknown key; the nearest known one is 'chip_select'/],
] as const) {
  test(`config: an SPI slot with ${what} is an error`, () => {
    assert.throws(() => parseConfig(`[[slots]]\ndriver = "spi"\n${lines}\n`, 'file'), message)
  })
}

test('config: a chip select is one element; the same number on another bus is another', () => {
  const at = (bus: number, chipSelect: number): string =>
    `[[slots]]\ndriver = "spi"\nbus = ${bus}\nchip_select = ${chipSelect}\nframing = "gp"\n`
  assert.equal(parseConfig(at(0, 0) + at(0, 1) + at(1, 0), 'file').slots.length, 3)
  const twice = `${at(0, 0)}seid = "a"\n${at(0, 0)}seid = "b"\n`
  assert.throws(() => parseConfig(twice, 'file'), /chip select 0 of bus 0 twice, also in file: slots\[0\]/)
})
