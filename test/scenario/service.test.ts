// What a service manager and the gateway say to each other; without process 1, which test/package has.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { Gateway } from '../support/gateway.ts'
import { askOnce } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { NotifyListener } from '../support/service-manager.ts'

const ACTIVATE = '/usr/bin/systemd-socket-activate'
const noActivation = spawnSync(ACTIVATE, ['--version']).status === 0 ? false : `no ${ACTIVATE}`

for (const kind of ['path', 'abstract'] as const) {
  test(`the manager listens at an address of kind ${kind}, and hears READY when both planes accept, reloads, signs of life, and STOPPING`, async () => {
    await using listener = await NotifyListener.start(kind)
    const env = { NOTIFY_SOCKET: listener.address, WATCHDOG_USEC: '300000' }
    await using gateway = await Gateway.start('', env)
    const ready = await listener.told('READY=1')
    assert.match(ready, /^READY=1\nSTATUS=5 slots: 5 ready; 0 TLS-SE and 0 RACS clients$/)
    assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
    await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
    await racs.ask('POWERON sim1')
    await listener.told('1 RACS clients')
    assert.match(await listener.told('1 leased'), /^WATCHDOG=1\nSTATUS=5 slots: 1 leased, 4 ready;/)
    const before = listener.messages.length
    gateway.signal('SIGHUP')
    assert.match(await listener.told('RELOADING=1', before), /^RELOADING=1\nMONOTONIC_USEC=\d+$/)
    await listener.told('READY=1', before)
    const signs = listener.messages.filter((message) => message.includes('WATCHDOG=1')).length
    await delay(1_000)
    const more = listener.messages.filter((message) => message.includes('WATCHDOG=1')).length
    assert.ok(more - signs >= 5, `${more - signs} signs of life in a second`)
    assert.equal(await gateway.stop(), 0)
    await listener.told('STOPPING=1')
  })
}

test('a manager that does not listen any more is one warning, and costs nothing else', async () => {
  const listener = await NotifyListener.start()
  await using gateway = await Gateway.start('', {
    NOTIFY_SOCKET: listener.address,
    WATCHDOG_USEC: '90000',
  })
  await listener.told('READY=1')
  await listener[Symbol.asyncDispose]()
  await gateway.logged('service.notify-failed', { cause: /ECONNREFUSED|ENOENT/ })
  await delay(200)
  assert.equal(gateway.all('service.notify-failed').length, 1)
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
})

test('an address of another kind than a local socket is said, and the gateway runs', async () => {
  await using gateway = await Gateway.start('', { NOTIFY_SOCKET: 'vsock:2:1234' })
  await gateway.logged('service.notify-unavailable', { cause: /vsock:2:1234 is no local socket/ })
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
})

test('sockets that somebody else listens on: their addresses, not those of the configuration', {
  skip: noActivation,
}, async () => {
  const [tlsSe, racs] = [await freePort(), await freePort()]
  const listen = [`--listen=127.0.0.1:${tlsSe}`, `--listen=127.0.0.1:${racs}`, '--fdname=tls-se:racs']
  // What it says itself is nobody's business.
  const prefix = ['sh', '-c', 'exec "$0" "$@" 2>/dev/null', ACTIVATE, ...listen]
  // It starts its program when the first client knocks.
  const knock = spawn(process.execPath, ['-e', KNOCK, String(racs)], { stdio: 'ignore' })
  await using gateway = await Gateway.start('racs.listen = "127.0.0.1:7"\n', {}, prefix)
  knock.kill()
  const elsewhere = gateway.all('plane.elsewhere')
  assert.deepEqual(
    elsewhere.map(({ plane, configured }) => [plane, configured]),
    [
      ['tls-se', 0],
      ['racs', 7],
    ],
  )
  assert.deepEqual([gateway.port, gateway.racsPort], [tlsSe, racs])
  assert.equal(await askOnce(tlsSe, 'key1.com'), 'hello')
  await using client = await RacsPeer.open(racs, 'operator')
  assert.match((await client.ask('LIST')).join(), /sim1/)
})

test('a handed-over socket that is none of the planes ends the start with what to write', {
  skip: noActivation,
}, async () => {
  const port = await freePort()
  const knock = spawn(process.execPath, ['-e', KNOCK, String(port)], { stdio: 'ignore' })
  const args = [`--listen=127.0.0.1:${port}`, '--fdname=web']
  await assert.rejects(
    Gateway.start('', {}, [ACTIVATE, ...args]),
    /FileDescriptorName= must be tls-se or racs/,
  )
  knock.kill()
})

test('a handed-over socket that is no TCP socket ends the start', { skip: noActivation }, async () => {
  const port = await freePort()
  const knock = spawn(process.execPath, ['-e', DATAGRAMS, String(port)], { stdio: 'ignore' })
  const args = ['--datagram', `--listen=127.0.0.1:${port}`, '--fdname=racs']
  await assert.rejects(
    Gateway.start('', {}, [ACTIVATE, ...args]),
    /racs: what systemd hands over for it is no listening TCP socket/,
  )
  knock.kill()
})

/** Connects until somebody takes it, and stays. */
const KNOCK = `
const knock = () => require('net').connect(Number(process.argv[1]), '127.0.0.1').on('error', () => setTimeout(knock, 20))
knock()`

const DATAGRAMS = `
const socket = require('dgram').createSocket('udp4')
setInterval(() => socket.send('x', Number(process.argv[1]), '127.0.0.1'), 20)`
