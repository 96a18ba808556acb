// A machine without a clock of its own: the gateway starts in 1970, the clock is set later, and is back at the next
// start. libfaketime gives the process the time that a file says; what only counts stays as it is.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { TestCa } from '../support/certificates.ts'
import { Gateway, makeState } from '../support/gateway.ts'
import { iose } from '../support/iose.ts'

const directory = mkdtempSync(join(tmpdir(), 'clock-'))
after(() => rmSync(directory, { recursive: true }))

const LIBRARY = (existsSync('/usr/lib') ? readdirSync('/usr/lib') : [])
  .map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path))
const skip =
  LIBRARY !== undefined && spawnSync('openssl', ['version']).status === 0
    ? false
    : 'no faketime or no openssl (Debian packages faketime, openssl)'

const EARLY = '1970-01-01 00:00:10'
/** What libfaketime reads. */
const times = join(directory, 'time')
const FAKED = {
  LD_PRELOAD: LIBRARY,
  FAKETIME_TIMESTAMP_FILE: times,
  FAKETIME_NO_CACHE: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  NO_FAKE_STAT: '1',
  TZ: 'UTC',
}

/** From now on that is the time, and goes on from there. */
function setTime(at: Date | string): void {
  const text = typeof at === 'string' ? at : at.toISOString().slice(0, 19).replace('T', ' ')
  writeFileSync(times, `@${text}\n`)
}

/** What the administration plane answers to a client with the files NAME.pem and NAME.key. */
async function list(port: number, pki: string, name: string): Promise<string> {
  const socket = await clientOf(port, pki, name)
  try {
    return await ask(socket)
  } finally {
    socket.destroy()
  }
}

async function clientOf(port: number, pki: string, name: string): Promise<TLSSocket> {
  const file = (base: string): string => readFileSync(join(pki, base), 'utf8')
  // The clock of this client is right, so that all of the gateway's certificate is looked at by it.
  const socket = connect({
    ...{ port, host: '127.0.0.1', servername: 'localhost', ca: file('ca.pem') },
    ...{ cert: file(`${name}.pem`), key: file(`${name}.key`) },
  })
  await once(socket, 'secureConnect')
  assert.ok(socket.authorized)
  return socket
}

async function ask(socket: TLSSocket): Promise<string> {
  let text = ''
  socket.write('BEGIN\r\nLIST\r\nEND\r\n')
  while (!text.includes('END\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    text += chunk.toString('latin1')
  }
  return text
}

async function ready(gateway: Gateway): Promise<{ ready: boolean; clock_behind_s: number }> {
  const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}/health/ready`)
  return (await answer.json()) as { ready: boolean; clock_behind_s: number }
}

test('clock: a first start in 1970 serves, says so, and accepts its clients once the clock is right', {
  skip,
}, async () => {
  const state = join(directory, 'first')
  setTime(EARLY)
  const first = await Gateway.start(`gateway.state_dir = "${state}"\n`, FAKED)
  const pki = join(state, 'pki')
  await first.logged('clock.behind', { level: 'warn', cause: /it says 1970-01-01 00:00 UTC.*built on 20/ })
  const early = await ready(first)
  assert.ok(early.ready && early.clock_behind_s > 1.5e9, JSON.stringify(early))
  const facts = await fetch(`http://127.0.0.1:${first.statusPort}/api/gateway`)
  assert.match(((await facts.json()) as { clock: string }).clock, /^the clock is behind: it says 1970/)

  // OpenSSL goes by the clock of the machine: refused, with a reason that can be understood.
  const refusal = 'CERT_NOT_YET_VALID; the clock of the gateway is behind\r\n'
  assert.match(await list(first.racsPort, pki, 'operator'), new RegExp(`^BEGIN\r\n-600 000 .*: ${refusal}`))
  await first.logged('racs.refused', { clock: /^the clock is behind/ })

  // No restart, no reload.
  setTime(new Date())
  assert.match(await list(first.racsPort, pki, 'operator'), /\+004 001 sim1/)
  await first.logged('clock.set', { level: 'warn', from: /^1970-01-01T/ })
  assert.deepEqual(await ready(first).then((now) => [now.ready, now.clock_behind_s]), [true, 0])

  // The next start is in 1970 again, and the files of the first one are good for it.
  await first.stop()
  setTime(EARLY)
  await using next = await first.restart('SIGTERM', FAKED)
  await next.logged('clock.behind', { cause: /the last record of the audit log was made on 20/ })
  assert.ok((await ready(next)).ready)
  setTime(new Date())
  assert.match(await list(next.racsPort, pki, 'operator'), /\+004 001 sim1/)
  const said = await iose(['audit', 'verify', '--state-dir', state])
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
})

test('clock: a clock that is behind hides why a certificate is refused, and refuses all the same', {
  skip,
}, async () => {
  using ca = new TestCa()
  ca.issue('server').issue('operator').issue('stolen').revoke('stolen')
  const state = join(directory, 'revoked')
  makeState(state, ca)
  setTime(new Date())
  await using gateway = await Gateway.start(`gateway.state_dir = "${state}"\n`, FAKED)
  assert.match(await list(gateway.racsPort, ca.directory, 'stolen'), /CERT_REVOKED\r\n/)
  setTime(EARLY)
  // So a certificate that is said to begin later must never be accepted for that: it may be this one.
  assert.match(await list(gateway.racsPort, ca.directory, 'stolen'), /CERT_NOT_YET_VALID; the clock/)
  assert.match(await list(gateway.racsPort, ca.directory, 'operator'), /CERT_NOT_YET_VALID; the clock/)
})

test('clock: deadlines of sessions do not know that the clock was set', { skip }, async () => {
  using ca = new TestCa()
  ca.issue('server').issue('operator')
  const state = join(directory, 'deadlines')
  makeState(state, ca)
  setTime(new Date())
  const toml = `gateway.state_dir = "${state}"\nracs.idle_timeout_ms = 30000\n`
  await using gateway = await Gateway.start(toml, FAKED)
  const socket = await clientOf(gateway.racsPort, ca.directory, 'operator')
  assert.match(await ask(socket), /\+004 001 sim1/)
  for (const at of [EARLY, '2031-01-01 00:00:00', new Date()]) {
    setTime(at)
    assert.match(await ask(socket), /\+004 001 sim1/)
  }
  socket.destroy()
  const closed = await gateway.logged('racs.closed')
  assert.ok(Number(closed['durationMs']) < 30_000, String(closed['durationMs']))
  assert.equal(closed['requests'], 4)
})
