// What systemd and its tools say of our units, users, folders and rules, on the systems that the package is for.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { bootContainer, cannotBoot } from '../support/container/boot.ts'
import type { Machine } from '../support/container/machine.ts'
import { layUnits, UNITS } from '../support/container/units.ts'
import { isMissing } from '../support/peers.ts'

const folder = mkdtempSync(join(tmpdir(), 'units-'))
after(() => rmSync(folder, { recursive: true }))

const units = readdirSync(join(UNITS, 'system'))
// pkcheck: 0 is yes, up to 3 are kinds of no, more are errors.
const PKCHECK_DISMISSED = 3
/** What clients reach, and what a client's file reaches. */
const EXPOSED_LITTLE = ['iosed.service', 'iose-update@.service']
/** Asks root's side of updates something, and prints what it answers, or why it cannot. */
const ASK = `use IO::Socket::UNIX;
  my $to = IO::Socket::UNIX->new(Peer => "/run/iose-update.sock") or do { print $!; exit 1 };
  print $to "an order\\n"; print <$to>;`
const answerer = '#!/bin/sh\nread -r order && echo "uid $(id -u): $order"\n'
const noDaemon = '#!/bin/sh\n'

for (const [rootfs, version] of [
  ['trixie', 257],
  ['bookworm', 252],
] as const) {
  suite(`units under systemd ${version}`, { skip: cannotBoot() }, () => {
    let machine: Machine
    before(async () => {
      const layer = join(folder, rootfs)
      layUnits(layer)
      mkdirSync(join(layer, 'usr/sbin'))
      mkdirSync(join(layer, 'usr/bin'))
      for (const [program, text] of [
        ['usr/sbin/iosed', noDaemon],
        ['usr/bin/iose', answerer],
      ] as const) {
        writeFileSync(join(layer, program), text)
        chmodSync(join(layer, program), 0o755)
      }
      machine = await bootContainer({ rootfs, layers: [layer] })
    })
    after(() => machine[Symbol.asyncDispose]())

    test(`systemd ${version}: nothing is said against our units`, async () => {
      // Manual pages are the package's.
      const outcome = await machine.run(['systemd-analyze', 'verify', '--man=no', ...units])
      assert.deepEqual(outcome, { stdout: '', stderr: '', status: 0 })
    })

    for (const unit of EXPOSED_LITTLE) {
      test(`systemd ${version}: ${unit} is exposed by 1.5 of 10 at most`, async () => {
        const path = `/usr/lib/systemd/system/${unit}`
        await machine.success(['systemd-analyze', 'security', '--offline=yes', '--threshold=15', path])
      })
    }

    test(`systemd ${version}: nobody takes updates on what is no appliance`, async () => {
      await machine.success(['systemctl', 'start', 'iose-update.socket'])
      const shown = await machine.success([
        ...['systemctl', 'show', 'iose-update.socket'],
        ...['--property=ActiveState,ConditionResult', '--value'],
      ])
      assert.deepEqual(shown.trim().split('\n').sort(), ['inactive', 'no'])
    })

    test(`systemd ${version}: on an appliance the gateway hands orders to root, and nobody else does`, async () => {
      await machine.success(['mkdir', '-p', '/usr/lib/iose-appliance'])
      await machine.success(['cp', '/etc/os-release', '/usr/lib/iose-appliance/version'])
      await machine.success(['systemctl', 'start', 'iose-update.socket'])
      const ask = (user: string) =>
        machine.run(['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'perl', '-e', ASK])
      // Root's side is `echo`, here: who runs it, what it was asked, in its sandbox.
      assert.deepEqual(await ask('iose'), { stdout: 'uid 0: an order\n', stderr: '', status: 0 })
      assert.deepEqual((await ask('bin')).stdout, 'Permission denied')
      await machine.success(['systemctl', 'stop', 'iose-update.socket'])
      assert.deepEqual((await ask('iose')).stdout, 'No such file or directory')
    })

    test(`systemd ${version}: user and groups are there, folders are theirs only`, async () => {
      const groups = (await machine.success(['id', '-Gn', 'iose'])).trim().split(' ')
      assert.deepEqual(groups.sort(), ['gpio', 'i2c', 'iose', 'spi'])
      const [, , , , , home, shell] = (await machine.success(['getent', 'passwd', 'iose'])).trim().split(':')
      assert.deepEqual([home, shell], ['/var/lib/iose', '/usr/sbin/nologin'])
      const folders = await machine.success(['stat', '-c', '%n %a %U %G', '/var/lib/iose', '/etc/iose'])
      assert.equal(folders, '/var/lib/iose 700 iose iose\n/etc/iose 750 root iose\n')
    })

    test(`systemd ${version}: sysusers and tmpfiles have nothing to say, also when all is there`, async () => {
      const quiet = { stdout: '', stderr: '', status: 0 }
      assert.deepEqual(await machine.run(['systemd-sysusers', 'iose.conf']), quiet)
      assert.deepEqual(await machine.run(['systemd-tmpfiles', '--create', 'iose.conf']), quiet)
    })

    // Debian 12 has no udevadm verify, and its pcscd asks nobody.
    if (rootfs === 'trixie') {
      test(`systemd ${version}: pcscd's question is answered with yes for the gateway, with no for others`, async () => {
        await machine.success(['apt-get', 'install', '-y', 'pcscd', 'polkitd'])
        const mayUse = async (user: string): Promise<number> => {
          // As a unit: a command of ours is in no control group of the container, where polkit looks for its session.
          // `$$$$` is `$$` for the shell.
          const check = 'exec pkcheck --action-id org.debian.pcsc-lite.access_pcsc --process $$$$'
          const unit = ['systemd-run', '--quiet', '--wait', '--pipe', `--property=User=${user}`]
          const { status, stderr } = await machine.run([...unit, 'sh', '-c', check])
          assert.ok(status !== null && status <= PKCHECK_DISMISSED, stderr)
          return status
        }
        assert.equal(await mayUse('iose'), 0)
        assert.notEqual(await mayUse('nobody'), 0)
        const complaints = (await machine.journal('polkit')).filter((line) => line.includes('60-iose'))
        assert.deepEqual(complaints, [])
      })

      test(`systemd ${version}: the udev rules are well-formed`, async () => {
        const rules = readdirSync(join(UNITS, 'udev/rules.d')).map((file) => `/usr/lib/udev/rules.d/${file}`)
        const said = await machine.success(['udevadm', 'verify', ...rules])
        assert.match(said, new RegExp(`Success: ${rules.length}\\n\\s+Fail: +0\\n`))
      })
    }
  })
}

test('units: nothing is said against them by the systemd of this host', {
  skip: isMissing('systemd-analyze', '--version'),
}, () => {
  const here = join(folder, 'here')
  cpSync(join(UNITS, 'system'), here, { recursive: true })
  // The gateway is not installed here.
  const services = units.filter((unit) => unit.endsWith('.service')).map((unit) => join(here, unit))
  for (const file of services) {
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true'))
  }
  const paths = units.map((unit) => join(here, unit))
  const verify = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], { encoding: 'utf8' })
  assert.deepEqual([verify.stdout, verify.stderr, verify.status], ['', '', 0])
  for (const unit of EXPOSED_LITTLE) {
    const threshold = ['security', '--offline=yes', '--threshold=15', join(here, unit)]
    const security = spawnSync('systemd-analyze', threshold, { encoding: 'utf8' })
    assert.equal(security.status, 0, security.stdout)
  }
})
