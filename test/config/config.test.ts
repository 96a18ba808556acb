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
    `gateway = { name = "box", state_dir = "/s", drain_ms = 5, log_level = "debug" }
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
[guard]
max_failed_authentications = 9
max_failed_verifications = 10
[audit]
key_file = "/k"
on_full = "count"
max_file_mb = 3
max_files = 8
${slot('count = 2\nsen = "n{n}"\nseid = "s{n}"\naliases = ["a{n}"]\naid = "0102030405"\nmax_record_bytes = 600')}
applet = "echo"
protocol = "t0"
latency = "p71"
scp = "scp02"
max_key_tries = 4
psk = "${'ab'.repeat(32)}"
`,
    'file',
  )
  assert.deepEqual(config.gateway, { name: 'box', stateDir: '/s', drainMs: 5, logLevel: 'debug' })
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
  assert.deepEqual(config.guard, { maxFailedAuthentications: 9, maxFailedVerifications: 10 })
  assert.deepEqual(config.audit, { keyFile: '/k', onFull: 'count', maxFileBytes: 3 * 1_048_576, maxFiles: 8 })
  const [, second] = simulated(config)
  const { psk, aid, ...rest } = second!
  assert.deepEqual([psk && hexOf(psk), aid && hexOf(aid)], ['AB'.repeat(32), '0102030405'])
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
    scp: 'scp02',
    maxKeyTries: 4,
    socket: undefined,
  })
})

// What is wrong, and what the message must say of it: file, path, value found.
const WRONG: Record<string, [toml: string, message: RegExp]> = {
  'a name for an identity module': [
    '[[slots]]\ndriver = "simulator"\napplet = "tls-im"\nsen = "a.com"',
    /slots\[0\]\.sen: 'a\.com': applet 'tls-im' is no server/,
  ],
  'a secure channel that is none': ['[[slots]]\ndriver = "simulator"\nscp = "scp01"', /slots\[0\]\.scp/],
  'no tries': ['[[slots]]\ndriver = "simulator"\nmax_key_tries = 0', /slots\[0\]\.max_key_tries/],
  'too many tries': ['[[slots]]\ndriver = "simulator"\nmax_key_tries = 256', /slots\[0\]\.max_key_tries/],
  'no TOML': ['x = ', /^f\.toml: line 1, column/],
  'an unknown table': ['[tls_es]', /^f\.toml: tls_es: unknown key; the nearest known one is 'tls_se'/],
  'an unknown key': ['[tls_se]\nlisen = "x"', /tls_se\.lisen: unknown key.*'listen'/],
  'an unknown key of a slot': [slot('sem = "x"'), /slots\[0\]\.sem: unknown key.*'sen'/],
  'an unknown key of the guard': ['[guard]\nmax_failed = 1', /guard\.max_failed: unknown key/],
  'an unknown key of the audit log': ['[audit]\nenabled = false', /audit\.enabled: unknown key/],
  'an audit log that does something else when the disk is full': [
    'audit.on_full = "drop"',
    /audit\.on_full: found "drop"/,
  ],
  'audit files of no length': ['audit.max_file_mb = 0', /audit\.max_file_mb: found 0/],
  'audit files over a gigabyte': ['audit.max_file_mb = 1025', /audit\.max_file_mb: found 1025/],
  'no failed authentication at all': [
    'guard.max_failed_authentications = 0',
    /guard\.max_failed_authentications: found 0/,
  ],
  'more failed verifications than any PIN has': [
    'guard.max_failed_verifications = 16',
    /guard\.max_failed_verifications: found 16/,
  ],
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
    /slots\[0\]\.driver: found "i3c", expected \("simulator" \| "i2c" \|/,
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

test('config: the guard lets pass three wrong keys and two wrong PINs unless it is told otherwise', () => {
  assert.deepEqual(parseConfig('', 'f').guard, { maxFailedAuthentications: 3, maxFailedVerifications: 2 })
  const { guard } = parseConfig(
    'guard = { max_failed_authentications = 15, max_failed_verifications = 1 }',
    'f',
  )
  assert.deepEqual(guard, { maxFailedAuthentications: 15, maxFailedVerifications: 1 })
})

test('config: the limits themselves are taken', () => {
  const config = parseConfig(
    `[tls_se]\nlisten = "a:65535"\nqueue_length = 0\n${slot('sen = "0123456789abcde"')}`,
    'f',
  )
  const { tlsSe } = config
  assert.deepEqual([simulated(config)[0]?.sen, tlsSe.port, tlsSe.queueLength], ['0123456789abcde', 65_535, 0])
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

test('config: nobody can do anything over the status plane unless a file for the operator token is named', () => {
  assert.equal(parseConfig('', 'file').status.operatorTokenFile, undefined)
  const { status } = parseConfig('status.operator_token_file = "op.token"', 'file')
  assert.deepEqual([status.operatorTokenFile, status.tokenFile], ['op.token', 'status.token'])
})
