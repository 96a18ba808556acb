// The package installed in a booted Debian: the service is reached from outside, and kept from what is not its own.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { bootContainer, cannotBoot } from '../support/container/boot.ts'
import { answerOf, certificatesOf, racsAnswerOf } from '../support/container/clients.ts'
import type { Machine } from '../support/container/machine.ts'
import { inSandbox, install, propertyOf } from '../support/container/package.ts'
import { isBuildMissing, packagesOf } from '../support/deb.ts'

/** Property, controller and file of the control group, and what iosed.service has for it. */
const LIMITS = [
  ['MemoryMax', 'memory', 'memory.max', String(512 * 1024 * 1024)],
  ['MemorySwapMax', 'memory', 'memory.swap.max', '0'],
  ['TasksMax', 'pids', 'pids.max', '128'],
] as const

const skip = cannotBoot() || isBuildMissing('amd64')
const directory = mkdtempSync(join(tmpdir(), 'service-'))
let deb = ''
before(() => {
  if (skip === false) [deb = ''] = packagesOf('amd64', ['0.0.1'], directory)
})
after(() => rmSync(directory, { recursive: true }))

for (const rootfs of ['trixie', 'bookworm'] as const) {
  suite(`service on ${rootfs}`, { skip }, () => {
    let machine: Machine
    let said: string
    let certificates: string
    before(async () => {
      machine = await bootContainer({ rootfs })
      said = await install(machine, deb, '--install-recommends')
      certificates = await certificatesOf(machine)
    })
    after(async () => {
      await machine[Symbol.asyncDispose]()
      rmSync(certificates, { recursive: true })
    })

    test(`service on ${rootfs}: apt install starts it, protects its keys, and ends with what the doctor says`, async () => {
      for (const unit of ['iosed.service', 'iosed-tls-se.socket', 'iosed-racs.socket', 'pcscd.socket']) {
        assert.equal(await propertyOf(machine, 'ActiveState', unit), 'active', unit)
        assert.equal(await propertyOf(machine, 'UnitFileState', unit), 'enabled', unit)
      }
      assert.doesNotMatch((await machine.run(['systemctl', '--failed', '-q'])).stdout, /iose|pcscd/)
      // Nobody tells a container the time.
      assert.doesNotMatch(said, /^(wrong|warning  (?!clock)) /m)
      assert.match(said, /^ok +node +v24\./m)
      assert.match(said, /^ok +port +tls_se .* is held, and the service iosed runs$/m)
      assert.match(said, /^ok +gateway +runs at 127\.0\.0\.1:8080: 5 slots, 5 ready$/m)
      const keys = await machine.success(['ls', '/etc/credstore.encrypted', '/var/lib/iose/pki'])
      assert.match(keys, /^audit-key\nracs-key$/m)
      assert.doesNotMatch(keys, /audit\.key|server\.key/)
      assert.match(
        await propertyOf(machine, 'StatusText'),
        /^5 slots: 5 ready; \d TLS-SE and \d RACS clients$/,
      )
    })

    test(`service on ${rootfs}: both planes answer openssl s_client from outside`, async () => {
      assert.equal(await answerOf(machine), 'hello')
      assert.match(await racsAnswerOf(machine, certificates, 'LIST'), /sim1/)
      // The page stays inside.
      const page = ['curl', '-s', '-m', '2', `http://${machine.address}:8080/`]
      assert.notEqual((await machine.outside(page)).status, 0)
    })

    test(`service on ${rootfs}: its sockets take over IPv6 too, and let many wait`, async () => {
      const sockets = await machine.success(['ss', '-Hltn', 'sport = :8888 or sport = :7777'])
      const rows = sockets.trim().split('\n')
      const columns = rows.map((row) => row.split(/\s+/))
      assert.deepEqual(columns.map(([, , backlog, place]) => [backlog, place]).sort(), [
        ['4096', '*:7777'],
        ['4096', '*:8888'],
      ])
      const client = ['openssl', 's_client', '-connect', `[${machine.address6}]:7777`]
      assert.match((await machine.outside(client, '')).stdout, /^subject=/m)
    })

    test(`service on ${rootfs}: it runs as its user, with its groups and no right`, async () => {
      const pid = await propertyOf(machine, 'MainPID')
      const status = await machine.success(['cat', `/proc/${pid}/status`])
      const uid = (await machine.success(['id', '-u', 'iose'])).trim()
      assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'))
      assert.match(status, /^CapBnd:\t0+$/m)
      assert.match(status, /^NoNewPrivs:\t1$/m)
      assert.match(status, /^Seccomp:\t2$/m)
      assert.equal((await machine.success(['cat', `/proc/${pid}/coredump_filter`])).trim(), '00000000')
      assert.match(await machine.success(['cat', `/proc/${pid}/limits`]), /^Max core file size +0 +0 /m)
    })

    test(`service on ${rootfs}: memory and tasks are limited`, async (t) => {
      const controllers = await machine.controllers()
      for (const [property, controller, file, limit] of LIMITS) {
        assert.equal(await propertyOf(machine, property), limit)
        // That systemd has it is all that can be seen where cgroup2 does not have the controller.
        if (!controllers.includes(controller))
          t.diagnostic(`cgroup2 has no ${controller} here: ${file} not read`)
        else {
          const path = `/sys/fs/cgroup/system.slice/iosed.service/${file}`
          assert.equal((await machine.success(['cat', path])).trim(), limit)
        }
      }
    })

    test(`service on ${rootfs}: its lines have priorities in the journal, and are JSON without them`, async () => {
      const lines = await machine.journal('iosed')
      const events = lines
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as { event: string })
      assert.ok(events.some(({ event }) => event === 'gateway.ready'))
      const warnings = await machine.success([
        'journalctl',
        '-q',
        '-o',
        'cat',
        '-p',
        'warning',
        '-t',
        'iosed',
      ])
      for (const line of warnings.trim().split('\n')) {
        assert.match((JSON.parse(line) as { level: string }).level, /^(warn|error)$/)
      }
      assert.match(warnings, /"event":"pki\.created"/)
    })

    test(`service on ${rootfs}: a reload reads users and certificates, and costs nobody anything`, async () => {
      const pid = await propertyOf(machine, 'MainPID')
      await machine.success(['systemctl', 'reload', 'iosed'])
      await machine.waitFor(async () =>
        (await machine.journal('iosed')).some((line) => line.includes('config.reloaded')),
      )
      await machine.waitForState('iosed.service', 'active')
      assert.equal(await propertyOf(machine, 'MainPID'), pid)
    })

    test(`service on ${rootfs}: files of others cannot be written, homes and processes not be seen`, async () => {
      await machine.write('/home/somebody/letter', 'private')
      const lines = await inSandbox(machine, [
        'for f in /etc/x /usr/x /var/x /home/x; do : >$f && echo wrote $f; done',
        'for f in /var/lib/iose/x /run/iose/x /tmp/x; do : >$f && echo wrote $f; done',
        'cat /home/somebody/letter && echo read',
        '[ -e /proc/1 ] && echo sees process 1; echo end',
      ])
      assert.deepEqual(lines, ['wrote /var/lib/iose/x', 'wrote /run/iose/x', 'wrote /tmp/x', 'end'])
    })

    test(`service on ${rootfs}: what was dropped somewhere writable cannot be run`, async () => {
      const places = '/var/lib/iose /run/iose /tmp /var/tmp /dev/shm'
      const lines = await inSandbox(machine, [
        `for d in ${places}; do cp /usr/bin/true $d/t && if $d/t; then echo ran $d; else echo kept $d; fi; done`,
      ])
      assert.deepEqual(
        lines,
        places.split(' ').map((place) => `kept ${place}`),
      )
    })

    test(`service on ${rootfs}: device nodes of others are refused, even if everybody may open them`, async () => {
      await machine.success(['mknod', '-m', '666', '/dev/other', 'c', '10', '229'])
      await machine.success(['mknod', '-m', '666', '/dev/kernel-log', 'c', '1', '11'])
      const lines = await inSandbox(machine, [
        'for d in null other kernel-log; do : </dev/$d && echo opened $d; done; echo end',
      ])
      assert.deepEqual(lines, ['opened null', 'end'])
    })

    test(`service on ${rootfs}: pcscd lets the gateway in`, async () => {
      const toml = 'gateway.state_dir = "/var/lib/iose"\n[[slots]]\ndriver = "pcsc"\nreader = "*"\n'
      await machine.success(['cp', '-p', '/etc/iose/gateway.toml', '/root/gateway.toml'])
      await machine.write('/etc/iose/gateway.toml', toml)
      const outcome = async (): Promise<string> => {
        await machine.success(['systemctl', 'restart', 'iosed'])
        const told = async (): Promise<string | undefined> => {
          const lines = await machine.journal('iosed')
          const start = lines.findLastIndex((line) => line.includes('"event":"config.loaded"'))
          return lines.slice(start).find((line) => /"event":"pcsc\.(connected|lost|unavailable)"/.test(line))
        }
        await machine.waitFor(async () => (await told()) !== undefined)
        return (JSON.parse((await told()) ?? '{}') as { event: string }).event
      }
      assert.equal(await outcome(), 'pcsc.connected')
      // pcscd of Debian 13 asks polkit, and polkit our rule.
      if (rootfs === 'trixie') {
        const rule = '/usr/share/polkit-1/rules.d/60-iose.rules'
        await machine.success(['mv', rule, '/root/rule'])
        await machine.success(['systemctl', 'restart', 'polkit', 'pcscd'])
        assert.equal(await outcome(), 'pcsc.lost')
        assert.match((await machine.journal('pcscd')).join('\n'), /is NOT authorized for action: access_pcsc/)
        await machine.success(['mv', '/root/rule', rule])
        await machine.success(['systemctl', 'restart', 'polkit', 'pcscd'])
      }
      await machine.success(['mv', '/root/gateway.toml', '/etc/iose/gateway.toml'])
      await machine.success(['systemctl', 'restart', 'iosed'])
    })

    test(`service on ${rootfs}: no namespaces, no raw sockets, no netlink, no other personality`, async () => {
      const lines = await inSandbox(machine, [
        'unshare -U true && echo made a namespace',
        'setarch i386 true && echo another personality',
        'ip -o link && echo netlink',
        'perl -MSocket -e "socket(S, AF_INET, SOCK_RAW, 1) or exit 1" && echo raw socket',
        'mount -t tmpfs tmpfs /tmp && echo mounted; echo end',
      ])
      assert.deepEqual(lines, ['end'])
    })
  })
}
