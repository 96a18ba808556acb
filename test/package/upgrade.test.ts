// The service over time, in a booted Debian: it hangs, is killed, restarted, upgraded, removed and purged.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { bootContainer, cannotBoot } from '../support/container/boot.ts'
import { answerOf, certificatesOf, Load, racsAnswerOf } from '../support/container/clients.ts'
import type { Machine } from '../support/container/machine.ts'
import { install, propertyOf, ready } from '../support/container/package.ts'
import { isBuildMissing, packagesOf } from '../support/deb.ts'
import type { LoadReport } from '../support/load-client.ts'

const skip = cannotBoot() || isBuildMissing('amd64')

suite('service over time', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'upgrade-'))
  let machine: Machine
  let next: string
  let certificates = directory
  /** Paths of the machine that have to do with us, or with nobody who is known. */
  const traces = async (): Promise<string[]> => {
    const ours = ['-name', '*iose*', '-o', '-nouser', '-o', '-nogroup']
    const search = ['find', '/etc', '/usr', '/var', '/run', '/home', '/opt', '/srv', '(', ...ours, ')']
    // What dpkg, apt and the journal tell of the past is theirs.
    const kept = /^\/(var\/(log|cache|lib\/(dpkg|apt))|srv\/packages|run\/log)\//
    return (await machine.success(search)).split('\n').filter((path) => path !== '' && !kept.test(path))
  }

  before(async () => {
    const [present = '', following = ''] = packagesOf('amd64', ['0.0.1', '0.0.2'], directory)
    next = following
    machine = await bootContainer({ rootfs: 'trixie' })
    assert.deepEqual(await traces(), [])
    await install(machine, present)
    certificates = await certificatesOf(machine)
  })
  after(async () => {
    await machine[Symbol.asyncDispose]()
    rmSync(certificates, { recursive: true })
    rmSync(directory, { recursive: true, force: true })
  })

  test('service: a gateway whose event loop is blocked is killed by the watchdog, and started anew', async () => {
    const block = "process.on('SIGUSR2', () => { for (;;); })"
    await machine.write('/usr/lib/block.cjs', block)
    const start =
      '/usr/lib/iose-gateway/bin/node --require /usr/lib/block.cjs /usr/lib/iose-gateway/dist/bin/iosed.js'
    const dropIn = `[Service]\nExecStart=\nExecStart=${start}\nWatchdogSec=2s\n`
    await machine.write('/run/systemd/system/iosed.service.d/block.conf', dropIn)
    await machine.success(['systemctl', 'daemon-reload'])
    await machine.success(['systemctl', 'restart', 'iosed'])
    const pid = await propertyOf(machine, 'MainPID')
    // As long as it turns it is fed.
    await delay(3_000)
    assert.equal(await propertyOf(machine, 'MainPID'), pid)
    await machine.success(['kill', '-USR2', pid])
    await machine.waitFor(async () => (await propertyOf(machine, 'NRestarts')) === '1')
    await ready(machine)
    assert.notEqual(await propertyOf(machine, 'MainPID'), pid)
    assert.match((await machine.journal('iosed')).join('\n'), /Watchdog timeout \(limit 2s\)!/)
    assert.equal(await answerOf(machine), 'hello')
    await machine.success(['rm', '-r', '/run/systemd/system/iosed.service.d'])
    await machine.success(['systemctl', 'daemon-reload'])
    await machine.success(['systemctl', 'restart', 'iosed'])
  })

  test('service: a crash leaves no core, and the gateway is back for clients that wait at its sockets', async () => {
    const load = Load.start(machine, certificates)
    await delay(1_000)
    const pid = await propertyOf(machine, 'MainPID')
    await machine.success(['kill', '-SEGV', pid])
    await machine.waitFor(async () => !['0', pid].includes(await propertyOf(machine, 'MainPID')))
    await ready(machine)
    await delay(500)
    const report = await load.stop()
    assert.equal(report.tlsSe.refused + report.racs.refused, 0, JSON.stringify(report))
    assert.equal(await machine.success(['find', '/', '-xdev', '-name', 'core*', '-size', '+1M']), '')
  })

  test('service: a name that an administrator has given outlives restarts under load, which nobody notices', async () => {
    const given = await racsAnswerOf(machine, certificates, 'SEN sim5 vault.example')
    assert.match(given, /SEN= vault\.example/)
    const load = Load.start(machine, certificates)
    await delay(1_000)
    for (let round = 0; round < 3; round++) {
      await machine.success(['systemctl', 'restart', 'iosed'])
      await delay(500)
    }
    assertUnharmed(await load.stop())
    assert.match(await racsAnswerOf(machine, certificates, 'LIST'), /sim5/)
    assert.match(await machine.success(['cat', '/var/lib/iose/bindings.json']), /vault\.example/)
    const all = await machine.journal('iosed')
    for (const event of ['gateway.drain-expired', 'gateway.crashed', 'slot.muted'])
      assert.ok(!all.some((line) => line.includes(`"event":"${event}"`)), event)
  })

  test('service: an upgrade under load refuses nobody, ends no session, and changes no file of the operator', async () => {
    await machine.success(['sed', '-i', 's/^name = .*/name = "mine"/', '/etc/iose/gateway.toml'])
    const before = await machine.success(['stat', '-c', '%A %U %G', '/etc/iose/gateway.toml'])
    assert.equal(before.trim(), '-rw-r----- root iose')
    const since = await propertyOf(machine, 'ActiveEnterTimestampMonotonic', 'iosed-tls-se.socket')
    const load = Load.start(machine, certificates)
    await delay(1_000)
    const said = await install(machine, next, '-o', 'Dpkg::Options::=--force-confold')
    assert.match(said, /Unpacking iose-gateway \(0\.0\.2\) over \(0\.0\.1\)/)
    await ready(machine)
    assertUnharmed(await load.stop())
    assert.equal((await machine.success(['iosed', '--version'])).trim(), '0.0.2')
    const line = (await machine.journal('iosed')).findLast((text) => text.includes('gateway.ready'))
    assert.match(line ?? '', /"version":"0\.0\.2"/)
    assert.equal(await propertyOf(machine, 'ActiveEnterTimestampMonotonic', 'iosed-tls-se.socket'), since)
    assert.equal(await machine.success(['stat', '-c', '%A %U %G', '/etc/iose/gateway.toml']), before)
    await machine.success(['grep', '-q', '^name = "mine"', '/etc/iose/gateway.toml'])
  })

  test('service: what an operator disabled stays so over an installation of the same version', async () => {
    await machine.success(['systemctl', 'disable', '--now', 'iosed-racs.socket'])
    await install(machine, next, '--reinstall')
    assert.equal(await propertyOf(machine, 'UnitFileState', 'iosed-racs.socket'), 'disabled')
    await machine.success(['systemctl', 'enable', '-q', 'iosed-racs.socket'])
    // A socket cannot be had from a service that has it already.
    await machine.success(['systemctl', 'stop', 'iosed'])
    await machine.success(['systemctl', 'start', 'iosed-racs.socket', 'iosed'])
  })

  test('service: a wrong configuration is not tried for ever, and mended it is one command', async () => {
    await machine.success(['sed', '-i.good', 's/^drain_ms = .*/drain_ms = "soon"/', '/etc/iose/gateway.toml'])
    assert.notEqual((await machine.run(['systemctl', 'restart', 'iosed'])).status, 0)
    assert.equal(await propertyOf(machine, 'ExecMainStatus'), '78')
    const load = Load.start(machine, certificates)
    await machine.waitForState('iosed-tls-se.socket', 'failed')
    const starts = (await machine.journal('iosed')).filter((line) => line.includes('drain_ms')).length
    assert.ok(starts <= 8, `${starts} starts`)
    await load.stop()
    await machine.success(['mv', '/etc/iose/gateway.toml.good', '/etc/iose/gateway.toml'])
    // As the doctor says, but not ten seconds later.
    await machine.success(['systemctl', 'reset-failed', 'iosed.service'])
    await machine.success(['systemctl', 'restart', 'iosed-tls-se.socket', 'iosed-racs.socket', 'iosed'])
    assert.equal(await answerOf(machine), 'hello')
    assert.match(await racsAnswerOf(machine, certificates, 'LIST'), /sim5/)
  })

  test('service: a port that the configuration wants otherwise than the socket unit has is one warning', async () => {
    await machine.success([
      'sed',
      '-i',
      's/^listen = "127.0.0.1:8888"/listen = "127.0.0.1:443"/',
      '/etc/iose/gateway.toml',
    ])
    await machine.success(['systemctl', 'restart', 'iosed'])
    const line = (await machine.journal('iosed')).findLast((text) => text.includes('plane.elsewhere')) ?? '{}'
    const { plane, configured, advice } = JSON.parse(line) as Record<string, unknown>
    assert.deepEqual([plane, configured, advice], ['tls-se', 443, 'systemctl edit iosed-tls-se.socket'])
    assert.equal(await answerOf(machine), 'hello')
  })

  test("service: removal stops it and keeps what is the operator's, purge leaves nothing", async () => {
    await machine.success(['apt-get', 'remove', '-y', '-qq', 'iose-gateway'])
    for (const unit of ['iosed.service', 'iosed-tls-se.socket', 'iosed-racs.socket'])
      assert.notEqual((await machine.run(['systemctl', 'is-active', unit])).stdout.trim(), 'active', unit)
    assert.equal((await machine.success(['ss', '-Hltn'])).trim(), '')
    await machine.success(['test', '-e', '/var/lib/iose/bindings.json'])
    await machine.success(['test', '-e', '/etc/iose/gateway.toml'])
    await machine.success(['apt-get', 'purge', '-y', '-qq', 'iose-gateway'])
    assert.deepEqual(await traces(), [])
    for (const database of ['passwd', 'group'])
      assert.equal((await machine.run(['getent', database, 'iose'])).stdout, '')
    const units = await machine.run(['systemctl', 'list-unit-files', '--no-legend', 'iosed*'])
    assert.equal(units.stdout, '')
  })
})

/** Nobody was refused, nobody's session ended before its answer, and there were sessions. */
function assertUnharmed({ tlsSe, racs }: LoadReport): void {
  for (const [plane, { done, refused, broken, causes }] of Object.entries({ tlsSe, racs })) {
    assert.ok(done > 10, `${plane}: ${done} sessions`)
    assert.deepEqual({ refused, broken, causes }, { refused: 0, broken: 0, causes: [] }, plane)
  }
}
