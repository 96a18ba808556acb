// `iose doctor` as its user runs it, on machines with faults that the test makes.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { sharedCa, TestCa } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { configIn, Gateway, makeState } from '../support/gateway.ts'
import { IOSE, iose, type Said } from '../support/iose.ts'

interface Row {
  readonly check: string
  readonly outcome: string
  readonly found: string
  readonly meaning: string | null
  readonly remedy: string | null
}

test('iose doctor: nothing is wrong with a gateway that runs, and its slots are told', async () => {
  await using gateway = await Gateway.start()
  const directory = temporaryDirectory()
  const config = join(directory, 'gateway.toml')
  writeFileSync(
    config,
    [
      `gateway.state_dir = "${gateway.stateDir}"`,
      `tls_se.listen = "127.0.0.1:${gateway.port}"`,
      `racs.listen = "127.0.0.1:${gateway.racsPort}"`,
      `status.listen = "127.0.0.1:${gateway.statusPort}"`,
    ].join('\n'),
  )
  const said = await iose(['doctor', '--config', config])
  assert.equal(said.exitCode, 0, said.stdout + said.stderr)
  assert.match(said.stdout, /^ok {7}config {7}.*gateway\.toml, 5 slots\n/)
  assert.match(said.stdout, /^\w+ +node +v\d+\.\d+\.\d+, \w+/m)
  assert.match(said.stdout, /^ok {7}port {9}tls_se 127\.0\.0\.1:\d+ is held by a gateway, \w+ \(pid \d+\)$/m)
  assert.match(said.stdout, /^ok {7}gateway {6}runs at 127\.0\.0\.1:\d+: 5 slots, 5 ready$/m)
  assert.ok(!said.stdout.includes(readFileSync(join(gateway.stateDir, 'status.token'), 'utf8').trim()))
  const quiet = await iose(['doctor', '--quiet', '--config', config])
  assert.deepEqual([quiet.exitCode, quiet.stdout, quiet.stderr], [0, '', ''])
})

test('iose doctor: limits are those of the gateway that runs, not of the shell', async () => {
  await using gateway = await Gateway.start('', {}, [
    'prlimit',
    '--nofile=500:500',
    '--core=unlimited:unlimited',
  ])
  const { config } = machine(`tls_se.listen = "127.0.0.1:${gateway.port}"\n`)
  const { rows } = await diagnosis(['--config', config])
  assert.match(found(rows, 'files', 'warning'), /^500 may be open, \d+ are needed$/)
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8')
  // Where dumps go to a program, the limit does not matter.
  if (!pattern.startsWith('|'))
    assert.match(found(rows, 'core', 'warning'), /writes the memory of the gateway/)
})

test('iose doctor: a machine on which no gateway was ever started is in order', async () => {
  const directory = temporaryDirectory()
  const config = join(directory, 'gateway.toml')
  writeFileSync(
    config,
    `status.listen = "127.0.0.1:${await freePort()}"\ntls_se.listen = "127.0.0.1:0"\nracs.listen = "127.0.0.1:0"\n`,
  )
  const { exitCode, rows } = await diagnosis(['--config', config, '--state-dir', join(directory, 'state')])
  assert.equal(exitCode, 0)
  assert.deepEqual(Object.keys(rows[0] ?? {}), ['check', 'outcome', 'found', 'meaning', 'remedy'])
  assert.match(found(rows, 'certificate', 'ok'), /none yet/)
  assert.match(found(rows, 'state', 'ok'), /not there yet/)
  assert.match(found(rows, 'gateway', 'warning'), /^none runs at 127\.0\.0\.1:\d+$/)
})

test('iose doctor: certificates that have expired, or do not belong together, and what makes new ones', async () => {
  const { directory, config, stateDir } = machine()
  using other = new TestCa('another CA')
  const past = { from: new Date('2020-01-01'), until: new Date('2020-02-01') }
  other.issue('server', past)
  copyFileSync(other.path('server.pem'), join(stateDir, 'pki/server.pem'))
  chmodSync(join(stateDir, 'pki/server.key'), 0o644)
  writeFileSync(join(stateDir, 'pki/crl.pem'), 'no list')
  writeFileSync(join(stateDir, 'users.toml'), '[users.a]\nseids = ["sim1"]\n')
  const { exitCode, rows } = await diagnosis(['--config', config])
  assert.equal(exitCode, 1)
  const [expired, foreign] = rows.filter(({ check }) => check === 'certificate')
  assert.match(expired?.found ?? '', /server\.pem expired on 2020-02-01$/)
  assert.equal(expired?.remedy, `iose pki server --config ${config}`)
  assert.match(foreign?.found ?? '', /server\.pem is not signed by .*ca\.pem$/)
  assert.match(found(rows, 'key', 'wrong'), /server\.key is not the key of .*server\.pem$/)
  assert.match(found(rows, 'crl', 'wrong'), /crl\.pem is no revocation list/)
  assert.match(found(rows, 'users', 'wrong'), /users\.toml: users\.a/)
  assert.match(found(rows, 'ca', 'warning'), /expires on .* in 29 days$/)

  copyFileSync(sharedCa().path('server.pem'), join(stateDir, 'pki/server.pem'))
  rmSync(join(stateDir, 'pki/crl.pem'))
  rmSync(join(stateDir, 'users.toml'))
  const later = await diagnosis(['--config', config])
  assert.match(found(later.rows, 'key', 'warning'), /server\.key can be read by others \(mode 644\)$/)
  assert.match(found(later.rows, 'crl', 'warning'), /crl\.pem is not there$/)
  assert.match(found(later.rows, 'users', 'wrong'), /users\.toml is not there$/)
  const key = readFileSync(join(stateDir, 'pki/server.key'), 'utf8').split('\n')[1] ?? '?'
  assert.ok(!JSON.stringify([rows, later.rows]).includes(key), directory)
})

test('iose doctor: a revocation list that has expired keeps everybody out', async () => {
  const { config, stateDir } = machine()
  const list = join(stateDir, 'pki/crl.pem')
  const ca = sharedCa()
  const args = ['ca', '-config', 'openssl.cnf', '-gencrl', '-crl_lastupdate', '20200101000000Z']
  const made = spawnSync('openssl', [...args, '-crl_nextupdate', '20200201000000Z', '-out', list], {
    cwd: ca.directory,
  })
  assert.equal(made.status, 0, made.stderr.toString())
  const { exitCode, rows } = await diagnosis(['--config', config])
  assert.equal(exitCode, 1)
  assert.match(found(rows, 'crl', 'wrong'), /crl\.pem expired on 2020-02-01$/)
})

test('iose doctor: ports that others hold are told with their holders', async () => {
  const server = await listening(createServer(), 0)
  const { port } = server.address() as AddressInfo
  const { config } = machine(`racs.listen = "127.0.0.1:${port}"\nstatus.listen = "192.0.2.1:8080"\n`)
  const { exitCode, rows } = await diagnosis(['--config', config])
  server.close()
  assert.equal(exitCode, 1)
  const [tlsSe, racs, status] = rows.filter(({ check }) => check === 'port')
  assert.equal(tlsSe?.outcome, 'ok')
  assert.equal(racs?.outcome, 'wrong')
  assert.ok(racs.found.endsWith(`(pid ${process.pid})`), racs.found)
  assert.match(status?.found ?? '', /this machine has no such address$/)
})

test('iose doctor: sockets of pcscd, cards and arrays that nobody serves', async () => {
  const directory = temporaryDirectory()
  const at = (name: string): string => join(directory, name)
  const [living, pcscd] = [
    await listening(createServer(), at('card1.sock')),
    await listening(createServer(), at('pcscd')),
  ]
  const dying = await listening(createServer(), at('card2.made'))
  // Closing takes away the file that it was made as, and leaves this one.
  renameSync(at('card2.made'), at('card2.sock'))
  dying.close()
  await once(dying, 'close')
  const closedPort = await freePort()
  const { config } = machine(`
[[slots]]
driver = "simulator"
count = 3
socket = "${at('card{n}.sock')}"
[[slots]]
driver = "pcsc"
[[slots]]
driver = "sim-array"
host = "127.0.0.1"
port = ${closedPort}
[[slots]]
driver = "sim-array"
host = "no-such-host.invalid"
slots = [101]
`)
  const { exitCode, rows } = await diagnosis(['--config', config], { PCSCLITE_CSOCK_NAME: at('pcscd') })
  assert.equal(exitCode, 1)
  const cards = rows
    .filter(({ check }) => check === 'card')
    .map(({ outcome, found }) => `${outcome} ${found}`)
  assert.deepEqual(cards, [
    `ok ${at('card1.sock')}`,
    `wrong nobody listens at ${at('card2.sock')} (ECONNREFUSED)`,
    `wrong ${at('card3.sock')} is not there`,
  ])
  assert.equal(found(rows, 'pcscd', 'ok'), at('pcscd'))
  const arrays = rows.filter(({ check }) => check === 'sim-array')
  assert.equal(arrays[0]?.found, `127.0.0.1:${closedPort}: nobody listens`)
  assert.match(arrays[1]?.found ?? '', /^no-such-host\.invalid:2310: /)
  living.close()
  pcscd.close()
  const without = await diagnosis(['--config', config], { PCSCLITE_CSOCK_NAME: at('nothing') })
  assert.match(found(without.rows, 'pcscd', 'wrong'), /nothing is not there$/)
})

test('iose doctor: device nodes that are not there, and addons', async () => {
  const { config } = machine(`
[[slots]]
driver = "i2c"
bus = 250
address = 0x48
framing = "nxp"
reset = { line = 17, chip = "gpiochip250" }
[[slots]]
driver = "spi"
bus = 250
framing = "gp"
`)
  const { exitCode, rows } = await diagnosis(['--config', config])
  assert.equal(exitCode, 1)
  assert.equal(found(rows, 'i2c', 'wrong'), '/dev/i2c-250 is not there')
  assert.equal(found(rows, 'spi', 'wrong'), '/dev/spidev250.0 is not there')
  assert.equal(found(rows, 'gpio', 'wrong'), '/dev/gpiochip250 is not there')
  const addons = rows.filter(({ check }) => check === 'addon').map((row) => row.found.split(' ')[0])
  assert.deepEqual(addons, ['i2c-bus', 'koffi', 'epoll', 'spi-device'])
})

test('iose doctor: files of somebody else are told with what gives them to the user', () => {
  const { directory, config, stateDir } = machine()
  chmodSync(directory, 0o755)
  chmodSync(config, 0o644)
  for (const secret of ['pki/server.key', 'users.toml']) chmodSync(join(stateDir, secret), 0o000)
  // Root may read everything: as root this is run by nobody.
  const isRoot = process.getuid?.() === 0
  const prefix = isRoot ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : []
  const [program, ...args] = [...prefix, process.execPath, IOSE, 'doctor', '--json', '--config', config]
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
  assert.equal(status, 1, stderr)
  const rows = JSON.parse(stdout) as Row[]
  assert.match(found(rows, 'key', 'wrong'), /server\.key may not be read by \w+$/)
  assert.match(found(rows, 'users', 'wrong'), /users\.toml may not be read by \w+$/)
  if (!isRoot) return
  const state = rows.find(({ check }) => check === 'state')
  assert.match(state?.found ?? '', /may not be written by \w+ \(owner root, mode \d+\)$/)
  assert.match(state?.remedy ?? '', /^sudo -u root iose doctor/)
})

test('iose doctor: a configuration that cannot be used is the first finding, and the exit code', async () => {
  const directory = temporaryDirectory()
  const config = join(directory, 'gateway.toml')
  const missing = await iose(['doctor', '--config', config])
  assert.equal(missing.exitCode, 78)
  assert.match(
    missing.stdout,
    /^wrong {4}config {7}cannot read .*\n {9}mend: iosed --print-default-config > .*\nok/,
  )
  writeFileSync(config, 'tls_se.listn = "127.0.0.1:0"\n')
  const { exitCode, rows } = await diagnosis(['--config', config])
  assert.equal(exitCode, 78)
  assert.equal(rows[0]?.check, 'config')
  assert.match(rows[0].found, /listn.*listen/s)
  assert.match(rows[0].remedy ?? '', /--check-config/)
})

test('iose doctor: wrong arguments are misuse', async () => {
  for (const args of [['--what'], ['sim1'], ['--status', 'nonsense']]) {
    const { exitCode, stdout, stderr } = await iose(['doctor', ...args])
    assert.deepEqual([exitCode, stdout], [64, ''], stderr)
  }
  const help = await iose(['doctor', '--help'])
  assert.match(help.stdout, /^Usage: iose doctor .*Example: /s)
})

/** A machine with a state directory in order, and a configuration for it that ends with `toml`. */
function machine(toml = ''): { directory: string; config: string; stateDir: string } {
  const directory = temporaryDirectory()
  const stateDir = join(directory, 'state')
  makeState(stateDir)
  const config = join(directory, 'gateway.toml')
  const keys = toml.split('\n').map((line) => line.split(' ')[0] ?? '')
  const own = configIn(directory)
    .split('\n')
    .filter((line) => !keys.includes(line.split(' ')[0] ?? '') || line === '')
  writeFileSync(config, own.join('\n') + toml)
  return { directory, config, stateDir }
}

async function diagnosis(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ exitCode: Said['exitCode']; rows: Row[] }> {
  const { exitCode, stdout, stderr } = await iose(['doctor', '--json', ...args], { env })
  assert.equal(stderr, '')
  return { exitCode, rows: JSON.parse(stdout) as Row[] }
}

/** What the only finding of a check says, which must have that outcome. */
function found(rows: readonly Row[], check: string, outcome: string): string {
  const [row, ...others] = rows.filter((one) => one.check === check)
  assert.deepEqual(others, [])
  assert.equal(row?.outcome, outcome, row?.found)
  if (outcome !== 'ok') assert.notEqual(row.remedy, null, `a remedy for ${check}`)
  return row.found
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'iose-doctor-'))
  after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function listening(server: Server, where: number | string): Promise<Server> {
  server.listen(typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' })
  await once(server, 'listening')
  return server
}
