// What OpenSSL's own tool makes of our files.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { isMissing } from '../support/peers.ts'
import { NOW, newAuthority, say, temporaryDirectory } from '../support/pki.ts'

const skip = isMissing('openssl', 'version')

/** An authority that has certified a gateway, alice and bob. */
async function issued(algorithm: 'ec' | 'rsa') {
  const { authority, directory } = await newAuthority()
  const out = temporaryDirectory()
  await authority.issueServer({ hosts: ['localhost', '127.0.0.1', '::1'], algorithm, now: NOW })
  for (const name of ['alice', 'bob'])
    await authority.issueClient({ name, algorithm, outDirectory: out, now: NOW })
  const verify = (file: string, purpose: string, ...more: string[]) => {
    const trust = ['-CAfile', join(directory, 'ca.pem'), '-CRLfile', join(directory, 'crl.pem'), '-crl_check']
    return say('openssl', 'verify', '-x509_strict', ...trust, '-purpose', purpose, ...more, file)
  }
  return { authority, directory, out, verify }
}

function textOf(file: string): string {
  return say('openssl', 'x509', '-in', file, '-noout', '-text').text
}

for (const algorithm of ['ec', 'rsa'] as const) {
  test(`pki: openssl verifies what was issued with ${algorithm} keys, and not what was revoked`, {
    skip,
  }, async () => {
    const { authority, directory, out, verify } = await issued(algorithm)
    const server = join(directory, 'server.pem')
    const [alice, bob] = [join(out, 'alice.pem'), join(out, 'bob.pem')]
    for (const name of ['-verify_hostname localhost', '-verify_ip 127.0.0.1', '-verify_ip ::1']) {
      const { isDone, text } = verify(server, 'sslserver', ...name.split(' '))
      assert.ok(isDone, text)
    }
    assert.match(verify(server, 'sslserver', '-verify_hostname', 'other').text, /hostname mismatch/)
    assert.match(verify(server, 'sslclient').text, /unsuitable certificate purpose|unsupported.*purpose/)
    assert.match(verify(alice, 'sslserver').text, /unsuitable certificate purpose|unsupported.*purpose/)
    assert.ok(verify(alice, 'sslclient').isDone)
    await authority.revoke('alice', NOW)
    assert.match(verify(alice, 'sslclient').text, /certificate revoked/)
    const { isDone, text } = verify(bob, 'sslclient')
    assert.ok(isDone, text)
    const key = say('openssl', 'pkey', '-in', join(out, 'bob.key'), '-noout', '-text').text
    assert.match(key, algorithm === 'ec' ? /NIST CURVE: P-256/ : /3072 bit/)
    assert.match(readFileSync(join(out, 'bob.key'), 'utf8'), /^-----BEGIN PRIVATE KEY-----\n/)
  })
}

test('pki: certificates carry the extensions of their purpose', { skip }, async () => {
  const { directory, out } = await issued('rsa')
  const root = textOf(join(directory, 'ca.pem'))
  assert.match(root, /Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/)
  assert.match(root, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/)
  const keyId = /Subject Key Identifier:\s+(\S+)/.exec(root)?.[1] ?? 'none'
  const server = textOf(join(directory, 'server.pem'))
  assert.match(server, /Basic Constraints: critical\s+CA:FALSE\n/)
  assert.match(server, /Key Usage: critical\s+Digital Signature, Key Encipherment\n/)
  assert.match(server, /Extended Key Usage:\s+TLS Web Server Authentication\n/)
  const client = textOf(join(out, 'alice.pem'))
  assert.match(client, /Key Usage: critical\s+Digital Signature\n/)
  assert.match(client, /Extended Key Usage:\s+TLS Web Client Authentication\n/)
  for (const text of [root, server, client]) {
    assert.match(text, new RegExp(`Authority Key Identifier:\\s+(keyid:)?${keyId}`))
    assert.match(text, /Signature Algorithm: ecdsa-with-SHA256/)
    assert.match(text, /Serial Number:\s+[4-7][0-9a-f](:[0-9a-f]{2}){15}\n/)
  }
})

test('pki: openssl reads every CRL, whose numbers rise and which is due only with its authority', {
  skip,
}, async () => {
  const { authority, directory } = await issued('ec')
  const path = join(directory, 'crl.pem')
  const { text: end } = say('openssl', 'x509', '-in', join(directory, 'ca.pem'), '-noout', '-enddate')
  const read = () => {
    const { text } = say(
      'openssl',
      'crl',
      '-in',
      path,
      '-CAfile',
      join(directory, 'ca.pem'),
      '-noout',
      '-text',
    )
    assert.match(text, /verify OK/)
    assert.match(text, /Authority Key Identifier/)
    assert.ok(text.includes(`Next Update: ${end.trim().replace('notAfter=', '')}\n`), text)
    const revoked = text.match(/Serial Number: [0-9A-F]{32}\n/g)?.length ?? 0
    return [Number(/CRL Number:\s+(\d+)/.exec(text)?.[1]), revoked]
  }
  assert.match(readFileSync(path, 'utf8'), /^-----BEGIN X509 CRL-----\n/)
  assert.deepEqual(read(), [1, 0])
  await authority.revoke('alice', NOW)
  assert.deepEqual(read(), [2, 1])
  await authority.revoke('bob', NOW)
  assert.deepEqual(read(), [3, 2])
})

test('pki: a CRL number of any size is a positive DER integer', { skip }, async () => {
  const { generateKey, makeCrl, makeRoot, newSerial } = await import('../../src/pki/certificates.ts')
  const key = await generateKey('ec')
  const subject = { name: 'n', serial: newSerial(), notBefore: NOW, notAfter: new Date(NOW.getTime() + 1e6) }
  const signer = { certificatePem: await makeRoot(subject, key), key }
  for (const number of [1, 127, 128, 255, 256, 32_767, 32_768, 2 ** 40]) {
    const pem = await makeCrl({ number, entries: [], thisUpdate: NOW }, signer)
    const { X509Crl } = await import('@peculiar/x509')
    const value = new X509Crl(pem).extensions.find(({ type }) => type === '2.5.29.20')?.value
    const [tag, length, ...bytes] = new Uint8Array(value ?? new ArrayBuffer(0))
    assert.deepEqual([tag, length], [2, bytes.length])
    assert.ok((bytes[0] ?? 0xff) < 0x80)
    assert.equal(BigInt(`0x${Buffer.from(bytes).toString('hex')}`), BigInt(number))
  }
})
