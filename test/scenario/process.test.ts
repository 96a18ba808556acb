import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { Gateway, IOSED } from '../support/gateway.ts'
import { askOnce, NodePeer, RawPeer, TlsPeer } from '../support/peers.ts'

const ALERT_INTERNAL_ERROR = Buffer.from('15030300020250', 'hex')
const NOTHING = Buffer.alloc(0)

test('SIGTERM ends an open session, one that waits, and one without a hello, and exits 0 at once', async () => {
  await using gateway = await Gateway.start()
  using open = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
  using waiting = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
  await gateway.logged('lease.awaited', { holder: `tls-se ${waiting.raw.name}` })
  using silent = await RawPeer.connect(gateway.port)
  // The listener takes clients in order: this one has come, so the silent one before it has, too.
  await askOnce(gateway.port, 'key2.com')

  const startedAt = performance.now()
  const ends = Promise.all([open.raw.ended(), waiting.raw.ended(), silent.ended()])
  assert.equal(await gateway.stop(), 0)
  assert.ok(performance.now() - startedAt < 5_000)
  const [openEnd, waitingEnd, silentEnd] = await ends
  // The open channel is between client and element: the gateway has no word in it.
  assert.deepEqual(openEnd.bytes, NOTHING)
  assert.deepEqual(waitingEnd.bytes, ALERT_INTERNAL_ERROR)
  assert.deepEqual(silentEnd.bytes, ALERT_INTERNAL_ERROR)
  const closed = gateway.all('session.closed', { code: 'lease.revoked', cause: 'the gateway is stopping' })
  const peers = [open.raw.name, waiting.raw.name, silent.name]
  assert.deepEqual(new Set(closed.map((line) => line['peer'])), new Set(peers))
  assert.equal(closed.length, 3)
  assert.equal(gateway.lines.at(-1)?.event, 'gateway.stopped')
})

test('SIGTERM lets the command that is under way end, and the reset after it succeeds', async () => {
  await using gateway = await Gateway.start(
    '[[slots]]\ndriver = "simulator"\nsen = "slow.com"\nlatency = "p71"\n',
  )
  using peer = await TlsPeer.greet(gateway.port, { sni: 'slow.com' })
  await gateway.logged('session.routed')
  const end = peer.raw.ended()
  assert.equal(await gateway.stop(), 0)
  assert.deepEqual((await end).bytes, ALERT_INTERNAL_ERROR)
  const closed = await gateway.logged('session.closed', { code: 'lease.revoked' })
  // The last fragment of a ClientHello takes this element 250 ms.
  assert.ok(Number(closed['durationMs']) >= 250)
  // An element that is not ready after its reset, or did not get one in time, would be in the log.
  for (const event of ['slot.muted', 'gateway.drain-expired', 'session.crashed'])
    assert.equal(gateway.all(event).length, 0, event)
})

test('SIGTERM as soon as the gateway says that it is ready is already obeyed', async () => {
  for (let round = 0; round < 4; round++) {
    await using gateway = await Gateway.start()
    assert.equal(await gateway.stop(), 0)
  }
})

test('SIGINT is as good as SIGTERM, and a gateway that is stopping accepts nobody', async () => {
  await using gateway = await Gateway.start(
    '[[slots]]\ndriver = "simulator"\nsen = "slow.com"\nlatency = "p71"\n',
  )
  using peer = await TlsPeer.greet(gateway.port, { sni: 'slow.com' })
  await gateway.logged('session.routed')
  using silent = await RawPeer.connect(gateway.port)
  const stopped = gateway.stop('SIGINT')
  await silent.ended()
  await assert.rejects(RawPeer.connect(gateway.port), { code: 'ECONNREFUSED' })
  assert.equal(await stopped, 0)
  assert.deepEqual((await peer.raw.ended()).bytes, ALERT_INTERNAL_ERROR)
})

test('the thread pool has 64 threads unless UV_THREADPOOL_SIZE says otherwise', async () => {
  // The pool starts all its threads at once. All other threads of Node are the same in both processes.
  await using own = await Gateway.start('', { UV_THREADPOOL_SIZE: undefined })
  await using told = await Gateway.start('', { UV_THREADPOOL_SIZE: '3' })
  const threads = ({ pid }: Gateway): number => readdirSync(`/proc/${pid}/task`).length
  assert.equal(threads(own) - threads(told), 64 - 3)
})

test('a line of the log is out when the next statement runs: a killed process loses none', async () => {
  const log = pathToFileURL(join(dirname(IOSED), '../base/log.js')).href
  const script = `import { createLog } from '${log}'
    createLog({ level: 'info' }).info('last.written')
    process.kill(process.pid, 'SIGKILL')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks = (await child.stdout.toArray()) as Buffer[]
  assert.match(Buffer.concat(chunks).toString(), /"event":"last\.written"\}\n$/)
})

test('no secret is in the log at debug level: no PSK, no plaintext, in no encoding', async () => {
  const psk = Buffer.from('5ec4e70123456789abcdef0011223344'.repeat(2), 'hex')
  const next = Buffer.from('b0bcafe987654321fedcba9988776655'.repeat(2), 'hex')
  const wrong = Buffer.from('deadbea7'.repeat(8), 'hex')
  await using gateway = await Gateway.start(
    `[[slots]]\ndriver = "simulator"\nsen = "key1.com"\npsk = "${psk.toString('hex')}"\n`,
  )
  {
    await using peer = await NodePeer.open(gateway.port, 'key1.com', psk)
    assert.equal(await peer.ask('?01open sesame'), 'open sesame')
    await peer.ask(`?AA${psk.toString('hex')}${next.toString('hex')}`)
  }
  await assert.rejects(askOnce(gateway.port, 'key1.com', wrong))
  {
    using peer = await TlsPeer.open(gateway.port, { sni: 'key1.com', psk: next })
    // A record in clear, in the middle of the session: the log names what is wrong, not what it was.
    peer.raw.send('open sesame')
    await peer.raw.ended()
  }
  await gateway.loggedTimes(3, 'session.closed')
  await gateway.stop()
  const log = gateway.lines.map((line) => JSON.stringify(line)).join('\n')
  assert.ok(gateway.all('lease.granted').length > 0, 'the debug level is on')
  for (const secret of [psk, next, wrong, Buffer.from('open sesame')]) {
    for (const encoding of ['hex', 'base64', 'latin1'] as const) {
      const part = secret.subarray(0, 9).toString(encoding)
      assert.ok(!log.toLowerCase().includes(part.toLowerCase()), `${part} in the log`)
    }
    assert.ok(!log.includes(secret.subarray(0, 9).join(',')), 'decimal bytes in the log')
  }
})
