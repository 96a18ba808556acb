import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import { inspect } from 'node:util'
import { hexOf } from '../../src/base/hex.ts'
import { createLog } from '../../src/base/log.ts'
import { SecretBytes, secretOf } from '../../src/base/secret.ts'
import { hex } from '../support/hex-fields.ts'

const bytes = hex('DEADBEEF')
const secret = secretOf(bytes)

test('secret: whatever makes text of it shows that it is one', () => {
  const texts = [
    String(secret),
    `a${secret as unknown as string}`.slice(1),
    secret.toString(),
    secret.join(),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify({ psk: secret }).slice(8, -2),
    inspect(secret),
    inspect({ deep: { psk: [secret] } }, { depth: 9 }).replace(/^.*(\[secret\]).*$/s, '$1'),
    String(secret.subarray(1)),
    String(secret.slice()),
    inspect(secret.map((byte) => byte)),
  ]
  for (const text of texts) assert.equal(text, '[secret]')
})

test('secret: neither a log line nor the message or the stack of an error has it', () => {
  const lines: string[] = []
  const log = createLog({ level: 'debug', destination: { write: (line: string) => lines.push(line) } })
  log.info('slot.ready', { psk: secret as unknown as string })
  const error = new Error(`no key ${String(secret)}`, { cause: secret })
  for (const text of [lines.join(''), error.message, error.stack ?? '', inspect(error)]) {
    assert.match(text, /\[secret\]/)
    assert.doesNotMatch(text, /222|173|190|239|dead|beef/i)
  }
})

test('secret: is bytes for whoever computes with it, a copy of what it was made of', () => {
  assert.equal(hexOf(secret), 'DEADBEEF')
  const mac = (key: Uint8Array): string => createHmac('sha256', key).update('x').digest('hex')
  assert.equal(mac(secret), mac(bytes))
  assert.ok(secret instanceof Uint8Array && secret instanceof SecretBytes)
  bytes[0] = 0
  assert.equal(secret[0], 0xde)
  assert.equal(secretOf(undefined), undefined)
})
