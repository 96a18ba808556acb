import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import test, { after, type TestContext } from 'node:test'
import type { TlsOptions } from 'node:tls'
import { systemClock } from '../../src/base/clock.ts'
import type { ClientError } from '../../src/client/errors.ts'
import { RacsClient, type RacsTarget } from '../../src/client/racs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Answer, replyTo, ScriptedGateway } from '../support/scripted-gateway.ts'
import { TestPki } from '../support/test-pki.ts'

const pki = new TestPki()
const foreign = new TestPki()
const expired = pki.expired()
after(() => {
  pki.remove()
  foreign.remove()
})

const NEVER = Infinity

function targetOf(port: number, changes: Partial<RacsTarget> = {}): RacsTarget {
  return { host: '127.0.0.1', port, ...pki.client, ca: pki.ca, ...changes }
}

const listed: Answer = (request, socket) => socket.write(replyTo(request, '+004 001 a'))

/** What `connect`, or the first request after it, fails with. */
async function failureOf(port: number, changes: Partial<RacsTarget> = {}): Promise<ClientError> {
  try {
    const options = { clock: systemClock, deadline: systemClock.now() + 10_000 }
    await using client = await RacsClient.connect(targetOf(port, changes), options)
    await client.request(['LIST'], options.deadline)
  } catch (error) {
    return error as ClientError
  }
  assert.fail('it did not fail')
}

/** Checks with which words a session fails. */
function checkFailure(
  what: string,
  message: RegExp,
  setting: { server?: TlsOptions; client?: Partial<RacsTarget> },
) {
  test(`racs client: ${what} is told in plain words`, async (context) => {
    const gateway = await ScriptedGateway.start(pki, listed, setting.server ?? {})
    context.after(() => gateway[Symbol.asyncDispose]())
    const { code, message: said } = await failureOf(gateway.port, setting.client)
    assert.match(said, message)
    assert.equal(code, 'client.transport')
    assert.equal(gateway.requests.length, 0)
  })
}

checkFailure('a gateway of an unknown CA', /unknown CA/, { client: { ca: foreign.ca } })
checkFailure('an expired gateway', /gateway.*expired/, { server: expired })
checkFailure('a gateway of another name', /another name.*elsewhere\.example/, {
  client: { servername: 'elsewhere.example' },
})
checkFailure('a gateway of TLS 1.1 only', /refused by the gateway|no common|connection failed/, {
  server: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' },
})
for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const server = { minVersion: version, maxVersion: version }
  checkFailure(
    `a gateway that closes on our certificate without an alert, with ${version}`,
    /may not accept this/,
    {
      server,
      client: foreign.client,
    },
  )
  test(`racs client: talks ${version}`, async (context) => {
    const gateway = await ScriptedGateway.start(pki, listed, server)
    context.after(() => gateway[Symbol.asyncDispose]())
    const target = targetOf(gateway.port, { host: 'localhost' })
    await using client = await RacsClient.connect(target, { clock: systemClock, deadline: NEVER })
    assert.deepEqual(await client.list(NEVER), ['a'])
    assert.equal(gateway.sockets[0]?.getProtocol(), version)
  })
}

test('racs client: a port where nobody listens, and one without TLS, are told in plain words', async () => {
  const plain = createServer((socket) => socket.resume().end('220 mail.example ready\r\n')).listen(
    0,
    '127.0.0.1',
  )
  await once(plain, 'listening')
  const { port } = plain.address() as AddressInfo
  assert.match((await failureOf(port)).message, /does not speak TLS/)
  plain.close()
  await once(plain, 'close')
  assert.match((await failureOf(port)).message, /nobody listens/)
  assert.match((await failureOf(port, { host: 'no-such-name.invalid' })).message, /name/)
})

test('racs client: a server that never answers the handshake is given up at the deadline', async () => {
  const mute = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const clock = new ManualClock()
  const connecting = RacsClient.connect(targetOf((mute.address() as AddressInfo).port), {
    clock,
    deadline: 500,
  })
  const rejected = assert.rejects(connecting, { code: 'client.timeout' })
  await clock.advanceTo(500)
  await rejected
  mute.close()
})

test('racs client: credentials that cannot be used are told before anything is sent', async () => {
  const options = { clock: systemClock, deadline: NEVER }
  const reject = async (changes: Partial<RacsTarget>, message: RegExp) => {
    const connecting = RacsClient.connect(targetOf(1, changes), options)
    await assert.rejects(connecting, { code: 'client.request', message })
  }
  await reject({ key: pki.server.key }, /not that of the certificate/)
  await reject({ cert: 'nonsense' }, /not PEM/)
  await reject({ key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' }, /damaged/)
})

/** A server of OpenSSL, which sends alerts where Node just closes; its port. */
async function opensslServer(context: TestContext, ...options: string[]): Promise<number> {
  const files = ['-cert', 'server.pem', '-key', 'server.key', '-CAfile', 'ca.pem']
  const verification = ['-Verify', '1', '-verify_return_error', '-naccept', '1']
  const child = spawn(
    'openssl',
    ['s_server', '-accept', '127.0.0.1:0', ...files, ...verification, ...options],
    {
      cwd: pki.directory,
      // Its end would end the server.
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  )
  context.after(() => child.kill())
  // Read to its end: without a reader of what it says the server would die.
  let said = ''
  return new Promise((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const port = /^ACCEPT .*:(\d+)$/m.exec(said)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
  })
}

for (const version of ['-tls1_2', '-tls1_3']) {
  test(`racs client: alerts of OpenSSL are told in plain words, with ${version}`, async (context) => {
    const ofUnknown = await failureOf(await opensslServer(context, version), foreign.client)
    assert.match(ofUnknown.message, /^refused by the gateway: this certificate is from a CA it does not know/)
    const ofExpired = await failureOf(await opensslServer(context, version), expired)
    assert.match(ofExpired.message, /^refused by the gateway: this certificate has expired/)
  })
}
