import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { AccessError } from '../../src/access/errors.ts'
import { ApduError } from '../../src/apdu/errors.ts'
import { CodedError, InternalError } from '../../src/base/errors.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import type { Cause } from '../../src/racs/dialect.ts'
import { RequestError } from '../../src/racs/errors.ts'
import { failureOf } from '../../src/racs/status.ts'
import { LeaseError, NameError } from '../../src/slots/errors.ts'
import type { Seid } from '../../src/slots/identity.ts'

const SRC = join(import.meta.dirname, '../../src')

/** Every code of every errors.ts, and what it means to the client. */
const CAUSES: Readonly<Record<string, Cause>> = {
  't1.aborted': 'link',
  't1.edc': 'link',
  't1.endless': 'link',
  't1.malformed': 'link',
  't1.overflow': 'overflow',
  't1.oversize': 'bad-value',
  't1.resynced': 'link',
  't1.sequence': 'link',
  't1.silent': 'link',
  'request.not-begun': 'not-begun',
  'request.begun-twice': 'begun-twice',
  'request.bad-name': 'bad-name',
  'request.unknown-command': 'unknown-command',
  'request.syntax': 'syntax',
  'request.bad-value': 'bad-value',
  'request.not-held': 'not-held',
  'request.wrong-status': 'wrong-status',
  'request.nameless': 'nameless',
  'request.response-full': 'response-full',
  'access.unknown-seid': 'unauthorized',
  'access.forbidden': 'unauthorized',
  'access.filtered': 'filtered',
  'access.no-aid': 'filtered',
  'access.tries-used': 'filtered',
  'apdu.malformed': 'element',
  'apdu.overflow': 'overflow',
  'apdu.endless': 'element',
  'atr.malformed': 'element',
  'lease.busy': 'in-use',
  'lease.queue-full': 'in-use',
  'lease.revoked': 'in-use',
  'lease.expired': 'in-use',
  'name.taken': 'bad-value',
  'link.nack': 'link',
  'link.timeout': 'link',
  'link.stuck': 'link',
  'link.closed': 'link',
  'element.absent': 'element',
  'element.mute': 'element',
  'element.unsupported': 'element',
  'element.gone': 'element',
  'internal.unreachable': 'system',
  'audit.unwritable': 'system',
  'audit.broken': 'system',
  'audit.overloaded': 'system',
  'audit.closed': 'system',
  'audit.damaged': 'system',
  'audit.key': 'system',
  'audit.busy': 'system',
  'config.missing': 'system',
  'config.invalid': 'system',
  'peer.syntax': 'system',
  'peer.oversize': 'system',
  'peer.no-sni': 'system',
  'peer.unknown-sen': 'system',
  'peer.unfit-hello': 'system',
  'peer.not-tls': 'system',
  'peer.not-tls13': 'system',
  'peer.refused': 'system',
  'peer.timeout': 'system',
  'peer.gone': 'system',
}

class AnyError extends CodedError<string> {}

test('status: the table of this test has every code that an errors.ts declares', () => {
  // The tool of users and operators never runs within the gateway's plane.
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('errors.ts') && !/^(client|pki|globalplatform|update)\//.test(file),
  )
  const codes = files.flatMap((file) => {
    const text = readFileSync(join(SRC, file), 'utf8').replace(/^ *(\/\/|\*|\/\*\*).*$/gm, '')
    return [...text.matchAll(/'([a-z0-9]+\.[a-z0-9-]+)'/g)].map(([, code = '']) => code)
  })
  assert.deepEqual([...new Set(codes)].sort(), Object.keys(CAUSES).sort())
})

for (const [code, cause] of Object.entries(CAUSES)) {
  test(`status: ${code} is ${cause}`, () => {
    assert.equal(failureOf(new AnyError(code, 'why')).cause, cause)
  })
}

test('status: an unauthorised element and an unknown one cannot be told apart', () => {
  const unknown = failureOf(new AccessError('access.unknown-seid', 'no such SEID'))
  assert.deepEqual(failureOf(new AccessError('access.forbidden', 'not for this user')), unknown)
  assert.equal(unknown.text, 'no such element for you')
})

test('status: whatever is not ours is a system error, and shows nothing of itself', () => {
  const strangers: unknown[] = [
    new Error('secret'),
    new TypeError('secret'),
    Object.assign(new Error('secret'), { code: 'link.timeout' }),
    new InternalError('secret'),
    new AnyError('secret', 'secret'),
    'secret',
    { message: 'secret' },
    undefined,
    null,
  ]
  for (const stranger of strangers) {
    const failure = failureOf(stranger)
    assert.deepEqual(failure, { cause: 'system', text: 'system error, the log of the gateway has more' })
  }
})

test('status: the text of a known error is its message, with what failed before it', () => {
  const textOf = (error: Error): string => failureOf(error).text
  assert.equal(textOf(new RequestError('request.syntax', 'usage: LIST')), 'usage: LIST')
  assert.equal(textOf(new LeaseError('lease.busy', 'held by a for 1 s')), 'in use: held by a for 1 s')
  assert.equal(textOf(new LinkError('link.timeout', 'x')), 'no way to the element: x')
  assert.equal(textOf(new ElementError('element.mute', 'x')), 'the element failed: x')
  assert.equal(textOf(new ApduError('atr.malformed', 'x')), 'the element failed: x')
  assert.equal(textOf(new NameError('7' as Seid)), 'element 7 has this name')
})

test('status: the causes behind an error are for the log, not for the client', () => {
  const error = new LinkError('link.closed', 'the way is closed', { cause: new Error('secret') })
  assert.equal(failureOf(error).text, 'no way to the element: the way is closed')
})
