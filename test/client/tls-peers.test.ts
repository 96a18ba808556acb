// The TLS client against a server that others have written: openssl s_server, in both suites.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { systemClock } from '../../src/base/clock.ts'
import { ElementClient } from '../../src/client/tls/connection.ts'
import type { Suite } from '../../src/client/tls/protection.ts'
import { localPsk } from '../../src/client/tls/secrets.ts'
import { freePort } from '../support/free-port.ts'
import { DEFAULT_PSK } from '../support/tls-client.ts'

const SUITES: readonly (readonly [string, Suite])[] = [
  ['TLS_AES_128_CCM_SHA256', 0x1304],
  ['TLS_AES_128_GCM_SHA256', 0x1301],
]

for (const [name, suite] of SUITES) {
  test(`tls client: openssl s_server speaks ${name} with it, tickets and all`, async () => {
    await using server = await opensslServer(['-ciphersuites', name])
    await using client = await clientOf(server.port, DEFAULT_PSK, [suite])
    client.send(Buffer.from('hello\n'))
    assert.equal(Buffer.from((await client.receive(deadline())) ?? []).toString(), 'olleh\n')
  })
}

test('tls client: offers both suites, and takes the one that the server wants', async () => {
  for (const [name] of SUITES) {
    await using server = await opensslServer(['-ciphersuites', name])
    await using client = await clientOf(server.port, DEFAULT_PSK)
    assert.equal(client.handshakeSecret.length, 32)
  }
})

test('tls client: another key, another suite and no server at all are told apart', async () => {
  await using server = await opensslServer(['-ciphersuites', 'TLS_AES_128_CCM_SHA256'])
  await assert.rejects(clientOf(server.port, Buffer.alloc(32, 1)), { code: 'client.refused' })
  await assert.rejects(clientOf(server.port, DEFAULT_PSK, [0x1301]), { code: 'client.refused' })
  const { port } = server
  await server[Symbol.asyncDispose]()
  await assert.rejects(clientOf(port, DEFAULT_PSK), { code: 'client.transport', message: /ECONNREFUSED/ })
})

test('tls client: who answers in another language, closes, or says nothing, is told', async () => {
  const cases: readonly [string | undefined, string][] = [
    ['HTTP/1.1 400 Bad Request\r\n\r\n', 'client.protocol'],
    ['', 'client.transport'],
    [undefined, 'client.timeout'],
  ]
  for (const [answer, code] of cases) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      if (answer !== undefined) socket.end(answer)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await assert.rejects(clientOf(port, DEFAULT_PSK, undefined, 300), { code }, code)
    server.close()
  }
})

test('tls client: an answer that comes together with the end of the connection is not lost', async () => {
  const server = createTlsServer(
    { pskCallback: () => DEFAULT_PSK, ciphers: 'TLS_AES_128_CCM_SHA256' },
    (socket) => {
      socket.once('data', () => socket.end('bye'))
      socket.on('error', () => undefined)
    },
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await using client = await clientOf((server.address() as AddressInfo).port, DEFAULT_PSK)
  client.send(Buffer.from('hello'))
  await delay(100)
  assert.equal(Buffer.from((await client.receive(deadline())) ?? []).toString(), 'bye')
  assert.equal(await client.receive(deadline()), undefined)
  server.close()
})

function deadline(forMs = 5_000): number {
  return systemClock.now() + forMs
}

function clientOf(
  port: number,
  psk: Uint8Array,
  suites?: readonly Suite[],
  forMs = 5_000,
): Promise<ElementClient> {
  const address = { host: '127.0.0.1', port, sen: 'key1.com' }
  const holder = localPsk(psk, 'Client_identity')
  return ElementClient.open(address, { psk: holder, clock: systemClock, deadline: deadline(forMs), suites })
}

/** Answers each line with the line turned round. */
async function opensslServer(args: readonly string[]) {
  const port = await freePort()
  const options = ['s_server', '-accept', `127.0.0.1:${port}`, '-nocert', '-tls1_3', '-rev']
  const key = ['-psk', DEFAULT_PSK.toString('hex'), '-psk_identity', 'Client_identity']
  const child = spawn('openssl', [...options, ...key, ...args], { stdio: 'ignore', timeout: 20_000 })
  const closed = once(child, 'close')
  await reachable(port)
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}

/** Waits until somebody listens, by /proc: a connection would be the one that it serves. */
async function reachable(port: number): Promise<void> {
  const { readFileSync } = await import('node:fs')
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`
  for (let n = 0; n < 500; n++) {
    if (readFileSync('/proc/net/tcp', 'utf8').includes(wanted)) return
    await delay(10)
  }
  assert.fail('openssl s_server does not listen')
}
