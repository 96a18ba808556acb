import assert from 'node:assert/strict'
import test from 'node:test'
import { inheritedSockets } from '../../../src/bin/iosed/service/sockets.ts'

const PID = 4711

function given(variables: Record<string, string>) {
  const environment: NodeJS.ProcessEnv = { LISTEN_PID: String(PID), OTHER: 'stays', ...variables }
  const sockets = inheritedSockets(environment, PID)
  assert.deepEqual(environment, { OTHER: 'stays' })
  return sockets
}

test('sockets: by their names, whatever their order, from descriptor 3 on', () => {
  assert.deepEqual(given({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'tls-se:racs' }), { tlsSe: 3, racs: 4 })
  assert.deepEqual(given({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'racs:tls-se' }), { tlsSe: 4, racs: 3 })
  assert.deepEqual(given({ LISTEN_FDS: '1', LISTEN_FDNAMES: 'racs' }), { racs: 3 })
})

test('sockets: none, or those of another process, are none', () => {
  assert.deepEqual(given({}), {})
  assert.deepEqual(given({ LISTEN_FDS: '0', LISTEN_FDNAMES: '' }), {})
  for (const count of ['', '-1', 'x', '1e3', '99999'])
    assert.deepEqual(given({ LISTEN_FDS: count }), {}, count)
  const others = { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'unknown' }
  assert.deepEqual(given(others), {})
})

test('sockets: one that belongs to no plane, or a second one for a plane, is refused with what to write', () => {
  const refused = (names: string, message: RegExp): void => {
    const count = String(names.split(':').length)
    assert.throws(() => given({ LISTEN_FDS: count, LISTEN_FDNAMES: names }), message)
  }
  refused('iosed.socket', /called 'iosed\.socket'; FileDescriptorName= must be tls-se or racs/)
  refused('constructor', /called 'constructor'/)
  refused('racs:tls-se:racs', /two sockets called 'racs': one ListenStream= is enough/)
  assert.throws(() => given({ LISTEN_FDS: '1' }), /called ''/)
})
