import assert from 'node:assert/strict'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { askByOpenssl, askOnce, converse, isMissing, NodePeer, TlsPeer } from '../support/peers.ts'

const PSK = '0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20'
const needsOpenssl = { skip: isMissing('openssl', 'version') }
const needsGnutls = { skip: isMissing('gnutls-cli', '--version') }

const slot = (sen: string, applet: string, protocol: string): string =>
  `[[slots]]\ndriver = "simulator"\nsen = "${sen}"\napplet = "${applet}"\nprotocol = "${protocol}"\n`

const ALL_KINDS = [
  slot('t1.keystore', 'keystore', 't1'),
  slot('t0.keystore', 'keystore', 't0'),
  slot('t1.echo', 'echo', 't1'),
  slot('t0.echo', 'echo', 't0'),
].join('')

test('the openssl command of the README prints the echoed line', needsOpenssl, async () => {
  await using gateway = await Gateway.start()
  const said = await askByOpenssl(gateway.port, 'key1.com')
  assert.match(said, /^hello\r$/m)
  const end = await gateway.logged('session.closed')
  assert.deepEqual([end['code'], end['cause'], end['sen']], ['closed', 'closed by the client', 'key1.com'])
})

test('openssl, gnutls-cli and Node talk to keystore and echo over T=1 and T=0', async (t) => {
  await using gateway = await Gateway.start(ALL_KINDS)
  const connect = `127.0.0.1:${gateway.port}`
  for (const sen of ['t1.keystore', 't0.keystore', 't1.echo', 't0.echo']) {
    // The keystore shell answers what follows ?01, echo the whole line.
    const answer = sen.endsWith('keystore') ? 'xyzzy' : '?01xyzzy'
    const answered = new RegExp(answer.replace('?', '\\?'))
    await t.test(`openssl with ${sen}`, needsOpenssl, async () => {
      const said = await converse(
        [
          ...[
            'openssl',
            's_client',
            '-connect',
            connect,
            '-tls1_3',
            '-groups',
            'P-256',
            '-crlf',
            '-psk',
            PSK,
          ],
          ...['-ciphersuites', 'TLS_AES_128_CCM_SHA256', '-servername', sen],
        ],
        [
          [/Early data was not sent/, '?01xyzzy\n'],
          [answered, ''],
        ],
      )
      assert.match(said, answered)
    })
    await t.test(`gnutls-cli with ${sen}, its default groups`, needsGnutls, async () => {
      const said = await converse(
        [
          ...[
            'gnutls-cli',
            '--port',
            String(gateway.port),
            '--pskusername',
            'Client_identity',
            '--pskkey',
            PSK,
          ],
          ...['--priority', 'NORMAL:+ECDHE-PSK:+DHE-PSK', '--sni-hostname', sen, '--crlf', '127.0.0.1'],
        ],
        [
          [/Simple Client Mode/, '?01xyzzy\n'],
          [answered, ''],
        ],
      )
      assert.match(said, answered)
    })
    await t.test(`Node with ${sen}`, async () => {
      await using peer = await NodePeer.open(gateway.port, sen)
      assert.equal(await peer.ask('?01xyzzy'), answer)
    })
  }
  const ends = await gateway.loggedTimes(gateway.all('session.routed').length, 'session.closed')
  assert.deepEqual(new Set(ends.map((end) => end['cause'])), new Set(['closed by the client']))
})

test('the echo applet closes the session itself, after its last answer', async () => {
  await using gateway = await Gateway.start(ALL_KINDS)
  for (const sen of ['t1.echo', 't0.echo']) {
    using peer = await TlsPeer.open(gateway.port, { sni: sen })
    assert.equal(await peer.say('GET /\r\n'), 'I hear you fa shizzle!')
    assert.deepEqual(await peer.raw.ended(), { bytes: Buffer.alloc(0), by: 'fin' })
    await gateway.logged('session.closed', { sen, code: 'closed', cause: 'closed by the element' })
  }
})

test('four clients talk to four elements at once', async () => {
  await using gateway = await Gateway.start()
  const names = ['key1.com', 'key2.com', 'key3.com', 'key4.com']
  const peers = await Promise.all(names.map((sen) => NodePeer.open(gateway.port, sen)))
  assert.equal(gateway.all('session.closed').length, 0)
  const answers = await Promise.all(peers.map((peer, index) => peer.ask(`?01I am ${index}`)))
  assert.deepEqual(answers, ['I am 0', 'I am 1', 'I am 2', 'I am 3'])
  await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()))
})

test('a PSK that one session changes is the PSK of the next, and only that', async () => {
  await using gateway = await Gateway.start()
  const next = 'A5'.repeat(32)
  {
    await using peer = await NodePeer.open(gateway.port, 'key1.com')
    assert.equal(await peer.ask(`?AA${PSK}${next}`), next)
    assert.equal(await peer.ask('?01still here'), 'still here')
  }
  await assert.rejects(askOnce(gateway.port, 'key1.com'), /handshake failure/)
  assert.equal(await askOnce(gateway.port, 'key1.com', Buffer.from(next, 'hex')), 'hello')
  assert.equal(await askOnce(gateway.port, 'key2.com'), 'hello')
})
