import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { checkAftermath } from '../support/aftermath.ts'
import { Gateway, type LogLine } from '../support/gateway.ts'
import { helloFor, RawPeer, TlsPeer } from '../support/peers.ts'

const NOTHING = { bytes: Buffer.alloc(0), by: 'fin' }

/** The session ended at its deadline of `deadlineMs`, not before, and not much later. */
function checkDuration({ durationMs }: LogLine, deadlineMs: number): void {
  assert.ok(typeof durationMs === 'number')
  assert.ok(durationMs >= deadlineMs - 1 && durationMs < deadlineMs + 1_000, `lasted ${durationMs} ms`)
}

test('a silent client is dropped at hello_timeout_ms', async () => {
  await using gateway = await Gateway.start('tls_se.hello_timeout_ms = 200')
  const ending = { code: 'peer.timeout', cause: 'no whole ClientHello in time' }
  const line = await checkAftermath(gateway, ending, async () => {
    const peer = await RawPeer.connect(gateway.port)
    assert.deepEqual(await peer.ended(), NOTHING)
    return peer
  })
  checkDuration(line, 200)
})

test('a client that dribbles its hello is dropped at hello_timeout_ms: the deadline is absolute', async () => {
  await using gateway = await Gateway.start('tls_se.hello_timeout_ms = 200')
  const ending = { code: 'peer.timeout', cause: 'no whole ClientHello in time' }
  const line = await checkAftermath(gateway, ending, async () => {
    const peer = await RawPeer.connect(gateway.port)
    const end = peer.ended()
    const over = new AbortController()
    const dribbled = (async () => {
      for (const byte of helloFor('key1.com')) {
        if (over.signal.aborted) return
        await peer.flush(Uint8Array.of(byte))
        await delay(20)
      }
    })()
    assert.equal((await end).bytes.length, 0)
    over.abort()
    await dribbled
    return peer
  })
  checkDuration(line, 200)
})

test('a client that stops in the handshake loses the element at handshake_timeout_ms', async () => {
  await using gateway = await Gateway.start('tls_se.handshake_timeout_ms = 200')
  const ending = { code: 'peer.timeout', cause: 'handshake not finished in time', records: 1 }
  const line = await checkAftermath(gateway, ending, async () => {
    const peer = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
    await peer.raw.records(3)
    // No alert: the client would expect it encrypted.
    assert.deepEqual(await peer.raw.ended(), NOTHING)
    return peer.raw
  })
  checkDuration(line, 200)
})

test('an element that is slower than handshake_timeout_ms costs its client an internal_error', async () => {
  const slow = '[[slots]]\ndriver = "simulator"\nsen = "slow.com"\nlatency = "p71"\n'
  const fast = '[[slots]]\ndriver = "simulator"\nsen = "key1.com"\n'
  await using gateway = await Gateway.start(`tls_se.handshake_timeout_ms = 100\n${slow}${fast}`)
  await checkAftermath(gateway, { code: 'link.timeout', level: 'warn', cause: /clientHello/ }, async () => {
    const peer = await TlsPeer.greet(gateway.port, { sni: 'slow.com' })
    const { bytes } = await peer.raw.ended()
    assert.equal(bytes.toString('hex'), '15030300020250')
    return peer.raw
  })
})

test('a session without records ends at idle_timeout_ms', async () => {
  await using gateway = await Gateway.start('tls_se.idle_timeout_ms = 200')
  const ending = { code: 'peer.timeout', cause: 'no record in time', records: 3 }
  const line = await checkAftermath(gateway, ending, async () => {
    const peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
    assert.deepEqual(await peer.raw.ended(), NOTHING)
    return peer.raw
  })
  checkDuration(line, 200)
})

test('a session that is never idle ends at session_timeout_ms, also while its element computes', async () => {
  const slots = '[[slots]]\ndriver = "simulator"\nsen = "key1.com"\nlatency = "p71"\n'
  await using gateway = await Gateway.start(`tls_se.session_timeout_ms = 600\n${slots}`)
  const ending = { code: 'peer.timeout', cause: /^the session has lasted as long as it may/, level: 'info' }
  const line = await checkAftermath(gateway, ending, async () => {
    const peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
    for (;;) {
      // The session may end between a question and its answer.
      const answer = await peer.say('?01hello\r\n').catch(() => undefined)
      if (answer === undefined) break
      assert.equal(answer, 'hello\r\n')
    }
    assert.deepEqual(await peer.raw.ended(), NOTHING)
    return peer.raw
  })
  checkDuration(line, 600)
})

test('a record that ends a long silence gets the full time of the element, not what is left of the silence', async () => {
  const slots = '[[slots]]\ndriver = "simulator"\nsen = "key1.com"\nlatency = "javacard-2020"\n'
  await using gateway = await Gateway.start(`tls_se.idle_timeout_ms = 250\n${slots}`)
  using peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
  await delay(205)
  // The element needs 56 ms for this, past the end of the silence.
  await peer.say('?01hello\r\n').catch(() => undefined)
  peer.raw.close()
  const { code } = await gateway.logged('session.closed')
  // On a busy machine we may come too late; but that is never the fault of the element.
  assert.notEqual(code, 'link.timeout')
})

test('a client that never reads its answers loses the element at idle_timeout_ms', async () => {
  await using gateway = await Gateway.start('tls_se.idle_timeout_ms = 300')
  const ending = { code: 'peer.timeout', cause: 'the client does not read its answers' }
  await checkAftermath(gateway, ending, async () => {
    const peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
    peer.raw.socket.pause()
    const question = `?01${'x'.repeat(480)}\r\n`
    // Far more answers than the buffers of both kernels take.
    for (let sent = 0; sent < 40_000 && !peer.raw.socket.destroyed; sent += 200) {
      const batch = Array.from({ length: 200 }, () => peer.tls.seal(question))
      peer.raw.socket.write(Buffer.concat(batch))
      await delay(1)
      if (gateway.all('session.closed').length > 0) break
    }
    await gateway.logged('session.closed')
    return peer.raw
  })
})
