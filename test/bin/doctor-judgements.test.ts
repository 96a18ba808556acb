// What the doctor says of machines with faults that this one does not have.

import assert from 'node:assert/strict'
import test from 'node:test'
import { addonFinding, addonsOf } from '../../src/bin/iose/doctor/addons.ts'
import { clockFinding, synchronisedIn } from '../../src/bin/iose/doctor/clock.ts'
import { coreDumpFinding, coreLimitIn } from '../../src/bin/iose/doctor/core-dumps.ts'
import { examine } from '../../src/bin/iose/doctor/examine.ts'
import { type Finding, fine, wrong } from '../../src/bin/iose/doctor/finding.ts'
import { filesFinding, threadsFinding, waitersOf } from '../../src/bin/iose/doctor/limits.ts'
import { nodeFinding } from '../../src/bin/iose/doctor/node.ts'
import { linesOf } from '../../src/bin/iose/doctor/report.ts'
import { arrayFinding, cardFinding, pcscdFinding } from '../../src/bin/iose/doctor/services.ts'
import { parseConfig } from '../../src/config/config.ts'
import { check, type Expected } from '../support/finding.ts'

test('doctor: Node.js must be new enough, and is best one of those tested', () => {
  const cases: readonly [string, string, string, ...Expected][] = [
    ['20.19.0', 'linux', 'arm64', 'ok', /^v20\.19\.0, arm64\|\|$/],
    ['24.11.1', 'linux', 'x64', 'ok', /^v24/],
    ['20.18.3', 'linux', 'x64', 'wrong', /20\.19 or newer is needed\|.*nodejs/],
    ['18.20.4', 'linux', 'arm', 'wrong', /needed/],
    ['23.5.0', 'linux', 'x64', 'warning', /tested with 20, 22, 24/],
    ['22.1.0', 'darwin', 'arm64', 'warning', /^v22\.1\.0, arm64, darwin\|.*Linux/],
    ['22.1.0', 'linux', 'riscv64', 'warning', /tested on x64, arm64, arm/],
  ]
  for (const [version, platform, arch, ...expected] of cases)
    check(version, nodeFinding({ version, platform, arch }), expected)
})

test('doctor: only the addons that the configuration needs are asked for', () => {
  const cases: readonly [string, readonly string[]][] = [
    ['', []],
    ['[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "nxp"', ['i2c-bus']],
    ['[[slots]]\ndriver = "spi"\nframing = "gp"\nreset = { line = 17 }', ['spi-device', 'koffi', 'epoll']],
    ['panel.gpio = "onoff"\n[[slots]]\ndriver = "simulator"\nled = { line = 4 }', ['onoff', 'epoll']],
    ['[[slots]]\ndriver = "pcsc"\nlibrary = "smartcard"', ['smartcard']],
    ['[[slots]]\ndriver = "sim-array"\nhost = "array"', []],
    [
      '[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "nxp"\nselect = { mux = 0x70, channel = 1, reset = { line = 4 } }',
      ['i2c-bus', 'koffi', 'epoll'],
    ],
  ]
  for (const [toml, addons] of cases) assert.deepEqual(addonsOf(parseConfig(toml, 'test')), addons, toml)
})

test('doctor: why an addon cannot be loaded decides what mends it', () => {
  const cases: readonly [string, number | undefined, string, ...Expected][] = [
    ['i2c-bus', 0, '', 'ok', /^i2c-bus\|\|$/],
    [
      'i2c-bus',
      1,
      "Error: Cannot find module 'i2c-bus'\nRequire stack:",
      'wrong',
      /not installed\|.*\|sudo apt-get install build-essential && cd \/opt\/iose && npm ci$/,
    ],
    [
      'pcsclite',
      1,
      "Error: Cannot find module 'pcsclite'",
      'wrong',
      /build-essential libpcsclite-dev && .*npm ci/,
    ],
    [
      'epoll',
      1,
      'Error: The module was compiled against a different Node.js version using\nNODE_MODULE_VERSION 115.',
      'wrong',
      /another version of Node\.js.*\|cd \/opt\/iose && npm rebuild epoll$/,
    ],
    [
      'pcsclite',
      1,
      'Error: libpcsclite.so.1: cannot open shared object file: No such file or directory',
      'wrong',
      /misses the library libpcsclite\.so\.1\|\|sudo apt-get install libpcsclite1$/,
    ],
    [
      'spi-device',
      1,
      'x\n\nError: Could not locate the bindings file. Tried:\n  a',
      'wrong',
      /cannot be loaded\|Could not locate the bindings file.*\|.*npm rebuild spi-device/,
    ],
    ['pcsclite', undefined, '', 'wrong', /ends its process \(SIGSEGV\).*npm rebuild pcsclite/],
  ]
  for (const [addon, exitCode, stderr, ...expected] of cases) {
    const signal = exitCode === undefined ? 'SIGSEGV' : undefined
    check(addon, addonFinding(addon, { exitCode, signal, stdout: '', stderr }, '/opt/iose'), expected)
  }
})

test('doctor: pcscd, arrays and cards say by their error what is wrong', () => {
  const array = { host: 'array', port: 2310 }
  const cases: readonly [Finding, ...Expected][] = [
    [pcscdFinding('/run/p', undefined, true), 'ok', /^\/run\/p\|/],
    [pcscdFinding('/run/p', 'ENOENT', true), 'wrong', /\|sudo systemctl enable --now pcscd\.socket$/],
    [pcscdFinding('/run/p', 'ENOENT', false), 'wrong', /\|sudo apt-get install pcscd && sudo systemctl/],
    [
      pcscdFinding('/run/p', 'ECONNREFUSED', true),
      'wrong',
      /\|sudo systemctl restart pcscd\.socket pcscd\.service$/,
    ],
    [pcscdFinding('/run/p', 'EACCES', true), 'wrong', /may not be used/],
    [arrayFinding(array, undefined), 'ok', /^array:2310\|/],
    [arrayFinding(array, 'ENOTFOUND'), 'wrong', /name is not known.*\|getent hosts array$/],
    [arrayFinding(array, 'ECONNREFUSED'), 'wrong', /nobody listens/],
    [arrayFinding(array, 'ETIMEDOUT'), 'wrong', /no answer within 2 s.*\|ping -c 3 array$/],
    [arrayFinding(array, 'EHOSTUNREACH'), 'wrong', /EHOSTUNREACH.*\|ip route get array$/],
    [cardFinding('/tmp/c', undefined), 'ok', /^\/tmp\/c\|/],
    [cardFinding('/tmp/c', 'ENOENT'), 'wrong', /is not there.*\|node .*card-process\.js --socket \/tmp\/c$/],
    [cardFinding('/tmp/c', 'ECONNREFUSED'), 'wrong', /nobody listens at \/tmp\/c \(ECONNREFUSED\)/],
    [cardFinding('/tmp/c', 'EACCES'), 'wrong', /belongs to the user who started it/],
  ]
  for (const [finding, ...expected] of cases) check(finding.found, finding, expected)
})

test('doctor: a clock before the build or a certificate is wrong, one that nobody sets a warning', () => {
  const now = new Date('2026-11-01T12:00:00.000Z')
  const built = { what: 'this program was built', at: new Date('2026-10-01') }
  const later = { what: 'the certificate of the gateway begins', at: new Date('2026-11-02') }
  check('fine', clockFinding(now, [built], true), ['ok', /^2026-11-01T12:00:00Z, synchronised\|/])
  check('unknown', clockFinding(now, [built], undefined), ['ok', /^2026-11-01T12:00:00Z\|/])
  check('drifting', clockFinding(now, [built], false), [
    'warning',
    /not synchronised.*timedatectl set-ntp true/,
  ])
  check('early', clockFinding(now, [built, later], true), [
    'wrong',
    /the clock is wrong: the certificate of the gateway begins on 2026-11-02\|sudo timedatectl set-ntp true$/,
  ])
  assert.equal(synchronisedIn('NTP=yes\nNTPSynchronized=no\nTimeUSec=x\n'), false)
  assert.equal(synchronisedIn('NTPSynchronized=yes\n'), true)
  assert.equal(synchronisedIn('nonsense'), undefined)
})

test('doctor: threads and files must be enough for what the configuration promises', () => {
  const toml = [
    '[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "nxp"',
    '[[slots]]\ndriver = "i2c"\naddress = 0x49\nframing = "nxp"',
    '[[slots]]\ndriver = "spi"\nframing = "gp"',
    '[[slots]]\ndriver = "pcsc"',
  ].join('\n')
  assert.equal(waitersOf(parseConfig(toml, 'test').slots), 3)
  check('unset', threadsFinding(undefined, 90), ['ok', /./])
  check('enough', threadsFinding('7', 3), ['ok', /is 7/])
  check('few', threadsFinding('6', 3), ['warning', /7 are needed.*\|unset UV_THREADPOOL_SIZE/])
  check('nonsense', threadsFinding('many', 0), ['warning', /is many/])
  check('files', filesFinding(1024, 1024), ['ok', /./])
  check('few files', filesFinding(1023, 1024), ['warning', /^1023 may be open.*\|ulimit -n 1024/])
  check('no limit known', filesFinding(Infinity, 1024), ['ok', /./])
})

test('doctor: a core dump is a warning wherever it would go (core(5))', () => {
  const cases: readonly [string, number, ...Expected][] = [
    ['core', 0, 'ok', /./],
    ['core.%p', 1, 'warning', /to a file \(core\.%p\).*\|ulimit -c 0/],
    ['', Infinity, 'ok', /./],
    ['|/bin/false', Infinity, 'ok', /./],
    ['|/usr/lib/systemd/systemd-coredump %P', 0, 'ok', /systemd-coredump/],
    ['|/usr/lib/systemd/systemd-coredump %P', Infinity, 'warning', /LimitCORE=0/],
    ['|/usr/share/apport/apport -p%p', 0, 'warning', /apport.*\|sudo sysctl -w kernel\.core_pattern/],
  ]
  for (const [pattern, limit, ...expected] of cases) check(pattern, coreDumpFinding(pattern, limit), expected)
  const row = 'Max core file size        0                    unlimited            bytes     \n'
  assert.equal(coreLimitIn(row), 0)
  assert.equal(coreLimitIn(row.replace('0  ', 'unlimited  ')), Infinity)
})

test('doctor: a check that fails or does not end is a finding, and the others are told all the same', async () => {
  const findings = await examine([
    { name: 'first', look: () => [fine('first', 'there')] },
    {
      name: 'failing',
      look() {
        throw new Error('a fault')
      },
    },
    { name: 'rejecting', look: () => Promise.reject(new Error('another')) },
    { name: 'endless', deadlineMs: 20, look: () => new Promise(() => undefined) },
    { name: 'last', look: () => Promise.resolve([fine('last', 'there')]) },
  ])
  assert.deepEqual(
    findings.map(({ check, outcome, found }) => `${check} ${outcome} ${found}`),
    [
      'first ok there',
      'failing warning could not be checked: a fault',
      'rejecting warning could not be checked: another',
      'endless warning could not be checked: no result within 0.02 s',
      'last ok there',
    ],
  )
})

test('doctor: lines for people stand in columns, obey nobody, and have colours only if asked for', () => {
  const findings = [
    fine('node', 'v20.20.2, x64'),
    wrong('config', { found: 'a\nb\x1b[2J', meaning: 'c', remedy: 'mend it' }),
  ]
  assert.deepEqual(linesOf(findings, 'plain'), [
    'ok       node         v20.20.2, x64',
    'wrong    config       a',
    '                      b\\x1b[2J: c',
    '         mend: mend it',
  ])
  assert.equal(linesOf(findings, 'coloured')[0], '\x1b[32mok\x1b[0m       node         v20.20.2, x64')
})
