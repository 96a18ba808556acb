// What the owner of a card puts on it, and what the first start makes of it: on a board whose clock says 1970.

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { cannotBootImage, Disk } from '../support/image/disk.ts'
import { type Board, powerOn } from '../support/image/machine.ts'
import { elementSession, planesReady, racsHandshake, UP } from '../support/image/planes.ts'
import { iose } from '../support/iose.ts'

const skip = cannotBootImage()
const TOKEN = 'a token of this test alone'
const GATEWAY = `[gateway]
name = "vault"
[status]
listen = "0.0.0.0:8080"
operator_token_file = "/etc/iose/operator.token"
[[slots]]
driver = "simulator"
seid = "se1"
sen = "vault.example"
`
const CLOCK = '1970-01-01T00:00:00'

test('first start: a board without a clock takes its files from the card, makes keys, tells its name; then a mistake in them', {
  skip,
}, async (t) => {
  using disk = new Disk()
  disk.putOnCard('gateway.toml', GATEWAY)
  disk.putOnCard('users.toml', '[users.boss]\ncn = "operator"\nrole = "operator"\nseids = ["se1"]\n')
  disk.putOnCard('operator.token', `${TOKEN.replaceAll(' ', '-')}\n`)
  disk.putOnCard('hostname', 'vault\r\n')
  using lan = await openLan()
  const folder = mkdtempSync(join(tmpdir(), 'operator-'))
  t.after(() => rmSync(folder, { recursive: true }))
  let serial = ''
  {
    await using board = await powerOn(disk, { clock: CLOCK, framesTo: lan.port })
    await board.waitFor(UP)
    t.diagnostic(await planesReady(board, 'vault.example'))
    await board.waitFor(/iose: vault\.local, 10\.0\.2\.15/)
    assert.match(
      disk.onCard('report.txt'),
      /host name vault\n.*was taken, and the gateway has become ready with it/,
    )

    // The keys of the first administrator, made here, left where the owner of the card finds them.
    for (const name of ['ca.pem', 'operator.pem', 'operator.key']) {
      writeFileSync(join(folder, name), disk.onCard(`operator/${name}`), { mode: 0o600 })
    }
    assert.equal(await seids(board, folder), 'se1\n')
    const served = certificateIn(await racsHandshake(board))
    assert.ok(served.checkHost('vault') !== undefined, served.subjectAltName)
    assert.ok(served.checkHost('vault.local') !== undefined, served.subjectAltName)
    serial = served.serialNumber

    // Certificates are valid now for who knows the time, although the board does not.
    assert.ok(
      Date.parse(served.validFrom) <= Date.now() && Date.now() < Date.parse(served.validTo),
      served.validFrom,
    )
    assert.ok(Date.parse(served.validFrom) > Date.parse('2026-01-01'), served.validFrom)

    // Nobody gets in, and nobody reads without a token.
    assert.equal(await greeting(board.ports.sshPort), '')
    assert.equal((await status(board, '/health/ready')).status, 200)
    assert.equal((await status(board, '/api/gateway')).status, 401)
    assert.equal((await facts(board)).name, 'vault')

    // Multicast DNS: name and services; what a name ends in may stand elsewhere in the packet (RFC 1035, 4.1.4).
    for (const labels of [['vault', 'local'], ['_iose-tls-se'], ['_iose-racs']]) await lan.heard(labels)
    assert.deepEqual(board.serial.match(/.*(FAILED|TIME|DEPEND|Kernel panic).*/g) ?? [], [])
  }
  const state = disk.checkedState()
  const { exitCode, stdout, stderr } = await iose(['audit', 'verify', '--state-dir', state])
  assert.equal(exitCode, 0, stdout + stderr)

  disk.putOnCard('gateway.toml', GATEWAY.replace('simulator', 'drover'))
  await using board = await powerOn(disk, { clock: CLOCK })
  await board.waitFor(UP)
  t.diagnostic(await planesReady(board, 'vault.example'))
  assert.match(
    disk.onCard('report.txt'),
    /REFUSED: .*gateway\.toml: slots\[0\].*drover[^]*The gateway runs with the last good one/,
  )
  assert.match((await facts(board)).refusedConfiguration ?? '', /drover/)
  assert.equal(certificateIn(await racsHandshake(board)).serialNumber, serial)
  assert.equal(await seids(board, folder), 'se1\n')
})

test('first start: with nothing on the card the status page is on the machine alone, and no two machines have the same keys', {
  skip,
}, async () => {
  const fingerprints = new Set<string>()
  for (let machine = 0; machine < 2; machine++) {
    using disk = new Disk()
    if (machine === 1) disk.removeFromCard('operator/operator.key')
    await using board = await powerOn(disk)
    await board.waitFor(UP)
    await planesReady(board)
    fingerprints.add(certificateIn(await racsHandshake(board)).fingerprint256)
    fingerprints.add(new X509Certificate(disk.onCard('operator/ca.pem')).fingerprint256)
    assert.equal(await greeting(board.ports.statusPort), '')
    // Who has taken the file away gets no key.
    if (machine === 1) assert.throws(() => disk.onCard('operator/operator.key'))
    await elementSession(board, 'key2.com')
  }
  assert.equal(fingerprints.size, 4)
})

async function seids(board: Board, folder: string): Promise<string> {
  const where = ['--gateway', `127.0.0.1:${board.ports.racsPort}`, '--servername', 'vault']
  const { stdout, stderr } = await iose(['racs', 'list', ...where, '--cert', join(folder, 'operator.pem')])
  return stdout + stderr
}

function certificateIn(said: string): X509Certificate {
  const [pem = ''] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(said) ?? []
  return new X509Certificate(pem)
}

function status(board: Board, path: string, token?: string): Promise<Response> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  return fetch(`http://127.0.0.1:${board.ports.statusPort}${path}`, { headers })
}

async function facts(board: Board): Promise<{ name?: string; refusedConfiguration?: string }> {
  const answer = await status(board, '/api/gateway', TOKEN.replaceAll(' ', '-'))
  assert.equal(answer.status, 200)
  return (await answer.json()) as { name?: string; refusedConfiguration?: string }
}

/** What a server says first; nothing where there is none. */
async function greeting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  socket.setTimeout(5_000, () => socket.destroy())
  await once(socket, 'close')
  return said
}

/** The network of the second card: hears what is said on it. */
async function openLan(): Promise<
  Disposable & { port: number; heard(labels: readonly string[]): Promise<void> }
> {
  const socket = createSocket('udp4')
  let all = Buffer.alloc(0)
  socket.on('message', (frame) => (all = Buffer.concat([all, frame])))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    /** Waits for a name as DNS has it: each label behind its length. */
    async heard(labels) {
      const name = Buffer.concat(
        labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
      )
      for (const limit = performance.now() + 30_000; !all.includes(name); ) {
        assert.ok(performance.now() < limit, `nobody has said ${labels.join('.')}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    [Symbol.dispose]: () => socket.close(),
  }
}
