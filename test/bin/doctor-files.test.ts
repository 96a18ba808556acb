// What the doctor says of ports, certificates and files with faults, and of a gateway that runs.

import assert from 'node:assert/strict'
import test from 'node:test'
import { tokenFinding, usersFinding } from '../../src/bin/iose/doctor/access-files.ts'
import { secretFinding, unreadable, validityFinding } from '../../src/bin/iose/doctor/certificates.ts'
import type { Finding } from '../../src/bin/iose/doctor/finding.ts'
import { portFinding } from '../../src/bin/iose/doctor/ports.ts'
import { rowsFinding, silenceFinding } from '../../src/bin/iose/doctor/running.ts'
import { type Place, placeFindings } from '../../src/bin/iose/doctor/state.ts'
import { ClientError } from '../../src/client/errors.ts'
import { check, type Expected } from '../support/finding.ts'

test('doctor: who holds a port decides whether that is wrong', () => {
  const plane = { table: 'racs', host: '127.0.0.1', port: 7777, isOptional: false }
  const holder = (name: string, isGateway = false) => ({ pid: 4711, name, isGateway })
  const cases: readonly [Finding, ...Expected][] = [
    [portFinding(plane, undefined), 'ok', /^racs 127\.0\.0\.1:7777 is free\|/],
    [portFinding({ ...plane, port: 0, host: '::1' }, undefined), 'ok', /^racs \[::1\]:0, any that is free\|/],
    [portFinding(plane, 'EADDRINUSE', holder('node', true)), 'ok', /held by a gateway, node \(pid 4711\)/],
    [portFinding(plane, 'EADDRINUSE', holder('systemd')), 'ok', /held by systemd, for the gateway/],
    [
      portFinding(plane, 'EADDRINUSE', holder('nginx')),
      'wrong',
      /held by nginx \(pid 4711\).*\|kill 4711, or .*\[racs\]/,
    ],
    [portFinding(plane, 'EADDRINUSE', 'service'), 'ok', /is held, and the service iosed runs/],
    [portFinding(plane, 'EADDRINUSE'), 'warning', /of another user\|.*\|sudo ss -ltnp 'sport = :7777'$/],
    [
      portFinding({ ...plane, table: 'status', isOptional: true }, 'EADDRINUSE', holder('nginx')),
      'warning',
      /goes on without its status plane/,
    ],
    [portFinding({ ...plane, port: 443 }, 'EACCES'), 'wrong', /not permitted.*CAP_NET_BIND_SERVICE/],
    [portFinding(plane, 'EADDRNOTAVAIL'), 'wrong', /no such address.*ip -brief address/],
    [portFinding(plane, 'ENOTFOUND'), 'wrong', /cannot be had: ENOTFOUND/],
  ]
  for (const [finding, ...expected] of cases) check(finding.found, finding, expected)
})

test('doctor: certificates are told before they expire, and what that would do after', () => {
  const now = new Date('2026-11-01T12:00:00Z')
  const at = (from: string, until: string) => ({
    ...{ file: '/p/server.pem', remedy: 'iose pki server' },
    ...{ notBefore: new Date(from), notAfter: new Date(until) },
  })
  const cases: readonly [string, ReturnType<typeof at>, ...Expected][] = [
    ['certificate', at('2026-01-01', '2026-12-01T12:00:00Z'), 'ok', /server\.pem, until 2026-12-01\|/],
    ['certificate', at('2026-01-01', '2026-12-01T11:59:59Z'), 'warning', /in 29 days\|.*\|iose pki server$/],
    ['certificate', at('2026-01-01', '2026-11-02T13:00:00Z'), 'warning', /in 1 day\|/],
    [
      'certificate',
      at('2026-01-01', '2026-11-01T11:00:00Z'),
      'wrong',
      /expired on 2026-11-01\|clients refuse/,
    ],
    ['crl', at('2026-01-01', '2026-10-01'), 'wrong', /no client certificate is accepted/],
    ['ca', at('2026-01-01', '2026-10-01'), 'wrong', /nothing that it has signed/],
    ['certificate', at('2026-11-02', '2027-11-01'), 'wrong', /valid from 2026-11-02 on.*clock.*\|.*set-ntp/],
  ]
  for (const [name, dated, ...expected] of cases) check(name, validityFinding(name, dated, now), expected)
  check('mode', secretFinding('key', '/k', 0o640), ['warning', /\(mode 640\).*\|chmod 600 \/k$/])
  check('mode', secretFinding('key', '/k', 0o400), ['ok', /^\/k\|/])
  const unread = { file: '/k', user: 'iose', remedy: 'iose pki server' }
  check('missing', unreadable('key', unread, 'ENOENT'), ['wrong', /not there\|\|iose pki server$/])
  check('closed', unreadable('key', unread, 'EACCES'), ['wrong', /read by iose.*\|sudo chown iose \/k$/])
  check('odd', unreadable('key', unread, 'EISDIR'), ['wrong', /EISDIR/])
})

test('doctor: users and token are looked at, and the token is not told', () => {
  const asker = { user: 'iose', flags: '' }
  const token = { user: 'iose', mode: 0o600 }
  const cases: readonly [Finding, ...Expected][] = [
    [usersFinding('/u', { text: '[users.a]\ncn = "a"\nseids = ["*"]' }, asker), 'ok', /^\/u, 1 user\|/],
    [
      usersFinding('/u', { text: '' }, asker),
      'warning',
      /no users\|nobody may administrate\|iose pki client/,
    ],
    [usersFinding('/u', { text: '[users.a]\ncm = "a"' }, asker), 'wrong', /users\.a\.cm/],
    [usersFinding('/u', { obstacle: 'ENOENT' }, asker), 'wrong', /not there\|\|iose pki client NAME/],
    [tokenFinding('/t', { text: 'secret-of-sixteen\n' }, token), 'ok', /^\/t\|\|$/],
    [
      tokenFinding('/t', { text: 'secret-of-sixteen\n' }, { ...token, mode: 0o644 }),
      'warning',
      /chmod 600 \/t$/,
    ],
    [tokenFinding('/t', { text: 'secret' }, token), 'wrong', /^\/t does not hold 16[^|]*\|[^|]*\|rm \/t$/],
    [tokenFinding('/t', { obstacle: 'ENOENT' }, token), 'ok', /makes it/],
    [tokenFinding('/t', { obstacle: 'EACCES' }, token), 'wrong', /may not be read by iose/],
  ]
  for (const [finding, ...expected] of cases) {
    check(finding.found, finding, expected)
    assert.ok(!JSON.stringify(finding).includes('secret-of'))
  }
})

test('doctor: a state directory must be writable, of this user, and have room', () => {
  const user = { name: 'iose', uid: 990, groups: new Set<string>(), enteredIn: new Set<string>() }
  const facts = { kind: 'directory', uid: 990, gid: 990, mode: 0o700 } as const
  const good: Place = {
    ...{ wanted: '/s', nearest: '/s', facts, owner: 'iose', obstacle: undefined, freeBytes: 1e9 },
  }
  const cases: readonly [string, Place, ...Expected][] = [
    ['good', good, 'ok', /^\/s, of iose\|/],
    ['absent', { ...good, nearest: '/' }, 'ok', /not there yet/],
    [
      'closed',
      { ...good, owner: 'pi', obstacle: 'EACCES' },
      'wrong',
      /\|sudo -u pi iose doctor, or sudo chown -R iose \/s$/,
    ],
    [
      'absent, closed',
      { ...good, nearest: '/', obstacle: 'EACCES' },
      'wrong',
      /\|sudo install -d -m 700 -o iose \/s$/,
    ],
    ['read-only', { ...good, obstacle: 'EROFS' }, 'wrong', /read-only.*remount,rw/],
    ['a file', { ...good, facts: { ...facts, kind: 'file' } }, 'wrong', /is no directory/],
    ['full', { ...good, freeBytes: 64 * 1_048_576 - 1 }, 'warning', /^63 MiB are free/],
    [
      'open',
      { ...good, facts: { ...facts, mode: 0o775 } },
      'warning',
      /\(mode 775\).*\|sudo chmod go-w \/s$/,
    ],
    [
      'of another',
      { ...good, facts: { ...facts, uid: 0 }, owner: 'root' },
      'warning',
      /belongs to root.*sudo -u root/,
    ],
  ]
  for (const [name, place, ...expected] of cases) {
    const findings = placeFindings(place, user)
    assert.equal(findings.length, 1, name)
    check(name, findings[0]!, expected)
  }
})

test('doctor: the slots of a gateway that runs are one line, and those that are not well are named', () => {
  const row = (seid: string, state: string, cause: string) => ({
    ...{ slot: 1, driver: 'pcsc', seid, sen: null, atr: null, state, cause, since: '', holder: null },
    ...{ held_since: null, waiters: [], doing: null, sessions: 0 },
  })
  const rows = [row('a', 'ready', ''), row('b', 'ready', ''), row('c', 'mute', 'no \x1b[2JATR')]
  check('well', rowsFinding('host:1', rows.slice(0, 2), ''), ['ok', /^runs at host:1: 2 slots, 2 ready\|/])
  check('empty', rowsFinding('host:1', [], ''), ['ok', /^runs at host:1: 0 slots\|/])
  check('mute', rowsFinding('host:1', rows, ' --state-dir /s'), [
    'warning',
    /3 slots, 2 ready, 1 mute\|c: no \\x1b\[2JATR\|iose slots --watch --state-dir \/s$/,
  ])
  const refused = new ClientError('client.refused', 'it does not accept the token')
  const gone = new ClientError('client.transport', 'connect ECONNREFUSED')
  const odd = new ClientError('client.protocol', 'it answers 404, as no gateway does')
  check('refused', silenceFinding('host:1', refused), ['warning', /another state directory/])
  check('refused', silenceFinding('host:1', refused, '/t'), [
    'warning',
    /\/t is not there, or may not be read/,
  ])
  check('gone', silenceFinding('host:1', gone), ['warning', /^none runs at host:1\|connect ECONNREFUSED\|/])
  check('odd', silenceFinding('host:1', odd), ['warning', /no gateway.*\|sudo ss -ltnp 'sport = :1'$/])
})
