import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { checkAftermath } from '../support/aftermath.ts'
import { Gateway } from '../support/gateway.ts'
import { askOnce, helloFor, RawPeer, TlsPeer } from '../support/peers.ts'
import { until } from '../support/until.ts'

// slow.com computes as long as a real element, so that a client can vanish meanwhile.
const gateway = await Gateway.start(`
[[slots]]
driver = "simulator"
sen = "key1.com"
[[slots]]
driver = "simulator"
sen = "slow.com"
latency = "p71"
`)
after(() => gateway[Symbol.asyncDispose]())

const GONE = 'peer.gone'

test('a client that connects and closes is one line of the log', async () => {
  await checkAftermath(gateway, { code: GONE, cause: /before its ClientHello was whole/ }, async () => {
    const peer = await RawPeer.connect(gateway.port)
    peer.close()
    assert.equal((await peer.ended()).by, 'fin')
    return peer
  })
})

test('a client that resets the connection in the middle of its hello is one line of the log', async () => {
  // A reset that comes together with the bytes before it may show as an end of the stream (seen on Linux 6).
  const cause = /the connection broke|in the middle of a record/
  await checkAftermath(gateway, { code: GONE, cause }, async () => {
    const before = gateway.sockets()
    const peer = await RawPeer.connect(gateway.port)
    await peer.flush(helloFor('key1.com').subarray(0, 100))
    // What is reset before it was accepted has no address, and leaves no line.
    await until(() => gateway.sockets() > before)
    peer.close('reset')
    return peer
  })
})

test('a client that closes in the middle of its hello is one line of the log', async () => {
  await checkAftermath(gateway, { code: GONE, cause: /in the middle of a record/ }, async () => {
    const peer = await RawPeer.connect(gateway.port)
    peer.send(helloFor('key1.com').subarray(0, 100)).close()
    assert.deepEqual(await peer.ended(), { bytes: Buffer.alloc(0), by: 'fin' })
    return peer
  })
})

test('a client that resets the connection while the element computes does not keep the element', async () => {
  await checkAftermath(gateway, { code: GONE, sen: 'slow.com', records: /[01]/ }, async () => {
    const peer = await TlsPeer.greet(gateway.port, { sni: 'slow.com' })
    await gateway.logged('session.routed', { peer: peer.raw.name })
    peer.raw.close('reset')
    return peer.raw
  })
  assert.equal(await askOnce(gateway.port, 'slow.com'), 'hello')
})

test('a client that resets the connection after the flight of the server frees the element', async () => {
  await checkAftermath(gateway, { code: GONE, sen: 'key1.com', records: 1 }, async () => {
    const peer = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
    await peer.raw.records(3)
    peer.raw.close('reset')
    return peer.raw
  })
})

test('a client that closes its side after its hello gets the flight of the server, then the close', async () => {
  await checkAftermath(gateway, { code: GONE, cause: 'the client closed during the handshake' }, async () => {
    const peer = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
    peer.raw.close()
    await peer.raw.records(3)
    assert.deepEqual(await peer.raw.ended(), { bytes: Buffer.alloc(0), by: 'fin' })
    return peer.raw
  })
})

test('a client that resets the connection in its session frees the element', async () => {
  await checkAftermath(gateway, { code: GONE, cause: /the connection broke/, records: 3 }, async () => {
    const peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
    peer.raw.close('reset')
    return peer.raw
  })
})

test('a client that closes its side in its session, without close_notify, has closed it', async () => {
  await checkAftermath(gateway, { code: 'closed', cause: 'closed by the client' }, async () => {
    const peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
    peer.raw.close()
    assert.deepEqual(await peer.raw.ended(), { bytes: Buffer.alloc(0), by: 'fin' })
    return peer.raw
  })
})

test('a client that sends its last command and closes its side at once still gets the answer', async () => {
  await checkAftermath(gateway, { code: 'closed', cause: 'closed by the client' }, async () => {
    const peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
    peer.raw.send(peer.tls.seal('?01last words\r\n')).close()
    const [answer] = await peer.raw.records(1)
    assert.equal(peer.tls.open(answer!), 'last words\r\n')
    await peer.raw.ended()
    return peer.raw
  })
})

test('a client that closes in the middle of a record of its session has broken it off', async () => {
  await checkAftermath(gateway, { code: GONE, cause: /in the middle of a record/ }, async () => {
    const peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
    peer.raw.send(peer.tls.seal('?00\r\n').subarray(0, 10)).close()
    await peer.raw.ended()
    return peer.raw
  })
})

test('a record larger than the element takes ends the session, and the log names its size', async () => {
  const cause = 'record of 513 bytes, at most 512 are taken'
  await checkAftermath(gateway, { code: 'peer.oversize', cause, records: 3 }, async () => {
    const peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
    // 5 header, 491 text, 1 content type, 16 tag.
    peer.raw.send(peer.tls.seal(`?01${'x'.repeat(486)}\r\n`))
    assert.deepEqual(await peer.raw.ended(), { bytes: Buffer.alloc(0), by: 'fin' })
    return peer.raw
  })
})

test('a record of just what the element takes, 512 bytes, is answered', async () => {
  using peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
  const text = 'x'.repeat(485)
  assert.equal(await peer.say(`?01${text}\r\n`), `${text}\r\n`)
})

test('noise in the middle of a session ends it', async () => {
  await checkAftermath(gateway, { code: 'peer.not-tls', cause: /0x47/ }, async () => {
    const peer = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
    assert.deepEqual(await peer.raw.send('GET / HTTP/1.0\r\n\r\n').ended(), {
      bytes: Buffer.alloc(0),
      by: 'fin',
    })
    return peer.raw
  })
})
