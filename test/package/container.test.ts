// The bench itself: what the other tests of this folder take for granted of the container they boot.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bootContainer, cannotBoot } from '../support/container/boot.ts'
import { remainsOf } from '../support/container/control-group.ts'
import { until } from '../support/until.ts'

const skip = cannotBoot()

test('container: Debian 13 runs systemd 257, and leaves nothing behind', { skip }, async () => {
  {
    await using machine = await bootContainer({ rootfs: 'trixie' })
    assert.equal(await machine.success(['systemctl', 'is-system-running']), 'running\n')
    assert.match(await machine.success(['systemctl', '--version']), /^systemd 257 /)
    machine.spawnOutside(['sleep', '600'])
    assert.notDeepEqual(tracesOf(process.pid), [])
  }
  await until(() => tracesOf(process.pid).length === 0)
})

test('container: it ends with its test, also when that is killed', { skip }, async () => {
  const boot = join(import.meta.dirname, '../support/container/boot.ts')
  const script = `const { bootContainer } = await import(${JSON.stringify(boot)})
    const machine = await bootContainer({ rootfs: 'trixie' })
    machine.spawnOutside(['cat'])
    process.kill(process.pid, 'SIGKILL')`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL')
  const { pid = 0 } = child
  // What is left is empty; the next container clears it away.
  await until(() => tracesOf(pid).every((trace) => trace.startsWith('folder') || trace.startsWith('group')))
  assert.notDeepEqual(tracesOf(pid), [])
  await (await bootContainer({ rootfs: 'trixie' }))[Symbol.asyncDispose]()
  assert.deepEqual(tracesOf(pid), [])
})

test('container: Debian 12 runs systemd 252', { skip }, async () => {
  await using machine = await bootContainer({ rootfs: 'bookworm' })
  assert.match(await machine.success(['systemctl', '--version']), /^systemd 252 /)
})

test('container: two at a time have nothing in common', { skip }, async () => {
  await using one = await bootContainer({ rootfs: 'trixie' })
  await using other = await bootContainer({ rootfs: 'trixie' })
  await one.write('/etc/only-here', 'one')
  assert.equal((await other.run(['cat', '/etc/only-here'])).status, 1)
  await other.success(['systemctl', 'stop', 'dbus.service', 'dbus.socket'])
  assert.equal(await one.success(['systemctl', 'is-active', 'dbus.service']), 'active\n')
})

test('container: a client outside reaches a socket of systemd, which starts its service', {
  skip,
}, async () => {
  await using machine = await bootContainer({ rootfs: 'trixie' })
  await machine.write('/etc/systemd/system/toy.socket', '[Socket]\nListenStream=4000\nAccept=yes\n')
  await machine.write(
    '/etc/systemd/system/toy@.service',
    '[Service]\nExecStart=/usr/bin/id -un\nStandardInput=socket\nUser=nobody\n',
  )
  await machine.success(['systemctl', 'start', 'toy.socket'])
  for (const address of [machine.address, machine.address6]) {
    const { stdout } = await machine.outside(['bash', '-c', `cat </dev/tcp/${address}/4000`])
    assert.equal(stdout, 'nobody\n')
  }
})

test('container: apt installs packages with what they depend on, without network', { skip }, async () => {
  await using machine = await bootContainer({ rootfs: 'trixie' })
  await machine.success(['apt-get', 'install', '-y', 'pcscd'])
  await machine.waitForState('pcscd.socket', 'active')
  assert.match(await machine.success(['dpkg', '--status', 'libpcsclite1']), /^Status: install ok installed$/m)
})

test('container: commands run as whom they should, and end when they should', { skip }, async () => {
  await using machine = await bootContainer({ rootfs: 'trixie' })
  assert.equal(await machine.success(['id', '-un'], { user: 'nobody' }), 'nobody\n')
  assert.equal(await machine.success(['cat'], { input: 'from outside' }), 'from outside')
  assert.equal((await machine.run(['sleep', '60'], { limitSeconds: 0.1 })).status, 124)
  await assert.rejects(machine.success(['ls', '/no-such-place']), /`ls \/no-such-place` ended with 2/)
  await machine.copyIn(import.meta.dirname, '/srv/tests')
  const copy = await machine.success(['cat', '/srv/tests/container.test.ts'])
  assert.equal(copy, readFileSync(import.meta.filename, 'utf8'))
})

test('container: systemd keeps units from device nodes, even as root (DevicePolicy=)', { skip }, async () => {
  for (const rootfs of ['trixie', 'bookworm'] as const) {
    await using machine = await bootContainer({ rootfs })
    // FUSE: of another major than the nodes that DevicePolicy=closed grants to all.
    await machine.success(['mknod', '/dev/other', 'c', '10', '229'])
    await machine.success(['mknod', '-m', '600', '/dev/log-of-kernel', 'c', '1', '11'])
    const open = [
      'bash',
      '-c',
      'for node in null other log-of-kernel; do (: </dev/$node) && echo $node; done',
    ]
    const unit = ['systemd-run', '--quiet', '--wait', '--pipe']
    const without = await machine.run([...unit, ...open])
    assert.equal(without.stdout, 'null\nother\nlog-of-kernel\n', without.stderr)
    const policy = ['--property=DevicePolicy=closed', '--property=DeviceAllow=/dev/null rw']
    const { stdout, stderr } = await machine.run([...unit, ...policy, ...open])
    assert.equal(stdout, 'null\n')
    assert.match(
      stderr,
      /\/dev\/other: Operation not permitted\n.*\/dev\/log-of-kernel: Operation not permitted/,
    )
  }
})

test('container: systemd gives units their credentials, and does without those that are not there', {
  skip,
}, async () => {
  for (const rootfs of ['trixie', 'bookworm'] as const) {
    await using machine = await bootContainer({ rootfs })
    const file = '/etc/credstore.encrypted/there'
    await machine.success(['mkdir', '-p', '-m', '700', '/etc/credstore.encrypted'])
    await machine.success(['systemd-creds', 'encrypt', '--name=there', '-', file], { input: 'a secret' })
    const unit = [
      'systemd-run',
      '--quiet',
      '--wait',
      '--pipe',
      '--property=User=nobody',
      '--property=PrivateUsers=yes',
    ]
    const credentials = ['there', 'missing'].map((name) => `--property=LoadCredentialEncrypted=${name}`)
    const show = ['sh', '-c', 'ls "$CREDENTIALS_DIRECTORY"; cat "$CREDENTIALS_DIRECTORY/there"']
    assert.equal(await machine.success([...unit, ...credentials, ...show]), 'there\na secret')
  }
})

test('container: the watchdog of systemd ends a service that does not feed it', { skip }, async () => {
  await using machine = await bootContainer({ rootfs: 'trixie' })
  const properties = ['Type=notify', 'NotifyAccess=all', 'WatchdogSec=300ms'].map(
    (line) => `--property=${line}`,
  )
  const hang = ['sh', '-c', 'systemd-notify --ready; sleep 60']
  await machine.run(['systemd-run', '--quiet', '--wait', '--unit=hang', ...properties, ...hang])
  const lines = await machine.journal('hang')
  assert.ok(lines.includes("hang.service: Failed with result 'watchdog'."), lines.join('\n'))
})

/** Everything by which containers of the process `pid` can be told from outside. */
function tracesOf(pid: number): string[] {
  const name = `/container-${pid}-`
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return [
    ...readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry) && livesIn(name, entry))
      .map((entry) => `process ${entry}`),
    ...mounts.filter((line) => line.includes(name)).map((line) => `mount ${line}`),
    ...remainsOf(pid),
  ]
}

/** Whether a process is in a control group of that name; one that only waits to be asked how it ended is in none. */
function livesIn(name: string, pid: string): boolean {
  try {
    const isOver = /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return !isOver && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(name)
  } catch {
    // It has just gone.
    return false
  }
}
