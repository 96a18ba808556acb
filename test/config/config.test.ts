import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { type Config, parseConfig } from '../../src/config/config.ts'
import { DEFAULT_CONFIG } from '../../src/config/default.ts'
import type { SimulatorSlot } from '../../src/config/slots.ts'

const slot = (lines: string): string => `[[slots]]\ndriver = "simulator"\n${lines}`
/** The slots of a configuration without real hardware. */
function simulated({ slots }: Config): SimulatorSlot[] {
  return slots.map((entry) => {
    assert.equal(entry.driver, 'simulator')
    return entry
  })
}

const PSK = '0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20'

test('config: the printed default configuration is what holds without a file', () => {
  assert.deepEqual(parseConfig(DEFAULT_CONFIG, 'printed'), parseConfig('', 'none'))
})

test('config: without slots there are four named elements and a blank one', () => {
  const slots = simulated(parseConfig('[tls_se]\nqueue_length = 0\n', 'file'))
  assert.deepEqual(
    slots.map(({ seid, sen, applet }) => [seid, sen, applet]),
    [
      ['sim1', 'key1.com', 'keystore'],
      ['sim2', 'key2.com', 'keystore'],
      ['sim3', 'key3.com', 'keystore'],
      ['sim4', 'key4.com', 'keystore'],
      ['sim5', undefined, 'none'],
    ],
  )
})

test('config: every key arrives where it belongs', () => {
  const config = parseConfig(
    `gateway = { name = "box", state_dir = "/s", log_level = "debug" }
[tls_se]
listen = "[::1]:443"
hello_timeout_ms = 1
queue_wait_ms = 2
handshake_timeout_ms = 3
idle_timeout_ms = 4
session_timeout_ms = 5
queue_length = 6
max_connections = 7
max_connections_per_address = 8
${slot('count = 2\nsen = "n{n}"\nseid = "s{n}"\naliases = ["a{n}"]\naid = "0102030405"\nmax_record_bytes = 600')}
applet = "echo"
protocol = "t0"
latency = "p71"
psk = "${'ab'.repeat(32)}"
`,
    'file',
  )
  assert.deepEqual(config.gateway, { name: 'box', stateDir: '/s', logLevel: 'debug' })
  assert.deepEqual(config.tlsSe, {
    host: '::1',
    port: 443,
    helloTimeoutMs: 1,
    queueWaitMs: 2,
    handshakeTimeoutMs: 3,
    idleTimeoutMs: 4,
    sessionTimeoutMs: 5,
    queueLength: 6,
    maxConnections: 7,
    maxConnectionsPerAddress: 8,
  })
  const [, second] = simulated(config)
  const { psk, aid, ...rest } = second!
  assert.deepEqual([hexOf(psk), aid && hexOf(aid)], ['AB'.repeat(32), '0102030405'])
  assert.deepEqual(rest, {
    driver: 'simulator',
    seid: 's2',
    aliases: ['a2'],
    sen: 'n2',
    maxRecordBytes: 600,
    front: { designator: undefined, led: undefined, button: undefined },
    applet: 'echo',
    protocol: 't0',
    latency: 'p71',
    socket: undefined,
  })
})

// What is wrong, and what the message must say of it: file, path, value found.
const WRONG: Record<string, [toml: string, message: RegExp]> = {
  'no TOML': ['x = ', /^f\.toml: line 1, column/],
  'an unknown table': ['[tls_es]', /^f\.toml: tls_es: unknown key; the nearest known one is 'tls_se'/],
  'an unknown key': ['[tls_se]\nlisen = "x"', /tls_se\.lisen: unknown key.*'listen'/],
  'an unknown key of a slot': [slot('sem = "x"'), /slots\[0\]\.sem: unknown key.*'sen'/],
  'an address without port': [
    '[tls_se]\nlisten = "localhost"',
    /tls_se\.listen: found "localhost", expected an address/,
  ],
  'a port over 65535': ['[tls_se]\nlisten = "a:65536"', /tls_se\.listen: found "a:65536", expected a port/],
  'a time of zero': ['[tls_se]\nhello_timeout_ms = 0', /tls_se\.hello_timeout_ms: found 0/],
  'a time that is text': ['[tls_se]\nhello_timeout_ms = "1"', /found "1", expected number/],
  'a fraction': ['[tls_se]\nqueue_length = 1.5', /tls_se\.queue_length: found 1\.5/],
  'an unknown driver': [
    '[[slots]]\ndriver = "i3c"',
    /slots\[0\]\.driver: found "i3c", expected \("simulator" \| "i2c"\)/,
  ],
  'an unknown applet': [slot('applet = "x"'), /slots\[0\]\.applet: found "x"/],
  'a name with a blank': [slot('sen = "a b"'), /slots\[0\]\.sen: found "a b"/],
  'a name of 16 bytes': [slot('sen = "0123456789abcdef"'), /slots\[0\]\.sen: '0123456789abcdef'.*15 bytes/],
  'an empty text': ['gateway.name = ""', /gateway\.name: found "", expected a text that is not empty/],
  'a SEID too long when filled in': [slot(`count = 1000\nseid = "${'x'.repeat(60)}{n}"`), /longer than 63/],
  'a short AID': [
    slot('aid = "01020304"'),
    /slots\[0\]\.aid: found "01020304", expected 10 to 32 hex digits/,
  ],
  'one SEID twice': [slot('count = 2\nseid = "x"'), /slots\[0\]: SEID 'x' twice: put \{n\} into it/],
  'a SEID of another table': [
    slot('seid = "x"') + '\n' + slot('aliases = ["x"]'),
    /'x' twice, also in f\.toml: slots\[0\]/,
  ],
  'a socket twice': [slot('count = 2\nsocket = "s"'), /socket 's' twice/],
  'a socket and a key': [
    slot(`socket = "s"\npsk = "${PSK}"`),
    /slots\[0\]\.psk: belongs to the process of the card/,
  ],
}

for (const [name, [toml, message]] of Object.entries(WRONG)) {
  test(`config: ${name} is an error that says where and what`, () => {
    assert.throws(() => parseConfig(toml, 'f.toml'), { code: 'config.invalid', message })
  })
}

test('config: the limits themselves are taken', () => {
  const { slots, tlsSe } = parseConfig(
    `[tls_se]\nlisten = "a:65535"\nqueue_length = 0\n${slot('sen = "0123456789abcde"')}`,
    'f',
  )
  assert.deepEqual([slots[0]?.sen, tlsSe.port, tlsSe.queueLength], ['0123456789abcde', 65_535, 0])
})

test('config: no message shows a key, however wrong it is', () => {
  for (const psk of [PSK.slice(2), `${PSK}00`, PSK.replace('0', 'g')]) {
    const message = /slots\[0\]\.psk: found \[secret\], expected 64 hex digits/
    assert.throws(
      () => parseConfig(slot(`psk = "${psk}"`), 'f.toml'),
      (error: Error) => {
        assert.match(error.message, message)
        return !error.message.includes(psk.slice(4, 20))
      },
    )
  }
  assert.throws(
    () => parseConfig(slot(`psk = "${PSK}`), 'f.toml'),
    (error: Error) => !error.message.includes(PSK.slice(0, 8)),
  )
})

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
  const wiring = { reset: undefined, ready: undefined, select: undefined }
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
ready = { line = 25, active = "low", chip = "gpiochip1" }
`
  const [slot] = parseConfig(toml, 'file').slots
  const high = (line: number) => ({ chip: undefined, line, active: 'high' })
  const enable = { chip: undefined, line: 19, active: 'low' }
  assert.deepEqual(slot?.driver === 'i2c' && { ...slot.wiring, segment: slot.segment }, {
    reset: { address: [13, 6, 5, 12].map(high), enable, output: 5 },
    ready: { line: 25, active: 'low', chip: 'gpiochip1' },
    select: undefined,
    segment: { mux: 0x70, channel: 2, reset: { line: 4, active: 'low' } },
  })
})

test('config: an I2C slot that a decoder chooses has its output in the SEID', () => {
  const at = (output: number): string =>
    `[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "nxp"\nselect = { decoder = [5, 6], enable = 7, output = ${output} }\n`
  const seids = parseConfig(at(0) + at(3), 'file').slots.map(({ seid }) => seid)
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
