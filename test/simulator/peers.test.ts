import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import test from 'node:test'
import { connect } from 'node:tls'
import { Card } from '../../src/simulator/card.ts'
import { bridgeTo } from '../support/card-bridge.ts'

const PSK = '0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20'

/** Runs a program against a port, sends a line once it has said `ready`, and returns all it said. */
function talk(command: string, options: { args: string[]; ready: RegExp; line: string; until: RegExp }) {
  const child = spawn(command, options.args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: 10_000 })
  return new Promise<string>((resolve, reject) => {
    let said = ''
    let isSent = false
    const listen = (chunk: Buffer) => {
      said += chunk.toString('latin1')
      if (!isSent && options.ready.test(said)) {
        isSent = true
        child.stdin.write(options.line)
      }
      if (options.until.test(said)) child.stdin.end()
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })
}

function isMissing(command: string, flag: string): string | false {
  return spawnSync(command, [flag]).error === undefined ? false : `${command} is not installed`
}

for (const protocol of ['t1', 't0'] as const) {
  test(`simulator: Node's own TLS client talks to the keystore shell over ${protocol}`, async () => {
    const card = new Card({ applet: 'keystore', protocol })
    await using bridge = await bridgeTo(card)
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect({
        port: bridge.port,
        host: '127.0.0.1',
        servername: 'key1.com',
        ciphers: 'TLS_AES_128_CCM_SHA256',
        ecdhCurve: 'P-256',
        minVersion: 'TLSv1.3',
        checkServerIdentity: () => undefined,
        pskCallback: () => ({ psk: Buffer.from(PSK, 'hex'), identity: 'Client_identity' }),
      })
      socket.on('secureConnect', () => socket.write('?00\r\n'))
      socket.on('error', reject)
      socket.on('data', (chunk: Buffer) => {
        assert.equal(socket.getProtocol(), 'TLSv1.3')
        socket.destroy()
        resolve(chunk.toString('latin1'))
      })
    })
    assert.equal(answer, 'Ethertrust keystore 1.3\r\n')
  })
}

test('simulator: openssl s_client talks to the echo applet until it closes', {
  skip: isMissing('openssl', 'version'),
}, async () => {
  const card = new Card({ applet: 'echo', protocol: 't1' })
  await using bridge = await bridgeTo(card)
  const said = await talk('openssl', {
    args: [
      ...['s_client', '-connect', `127.0.0.1:${bridge.port}`, '-tls1_3', '-groups', 'P-256'],
      ...['-ciphersuites', 'TLS_AES_128_CCM_SHA256', '-psk', PSK, '-servername', 'ethertrust', '-crlf'],
    ],
    ready: /Verify return code|Early data/,
    line: 'GET /\n',
    until: /fa shizzle!/,
  })
  assert.match(said, /I hear you fa shizzle!/)
})

test('simulator: gnutls-cli talks to the keystore shell with its default groups', {
  skip: isMissing('gnutls-cli', '--version'),
}, async () => {
  const card = new Card({ applet: 'keystore', protocol: 't1' })
  await using bridge = await bridgeTo(card)
  const said = await talk('gnutls-cli', {
    args: [
      ...['--port', String(bridge.port), '--pskusername', 'Client_identity', '--pskkey', PSK],
      ...['--priority', 'NORMAL:+ECDHE-PSK:+DHE-PSK', '--crlf', '127.0.0.1'],
    ],
    ready: /Handshake was completed|Simple Client Mode/,
    line: '?00\n',
    until: /keystore 1\.3/,
  })
  assert.match(said, /Ethertrust keystore 1\.3/)
})
