// The service as systemd runs it: started, reached from outside, and kept from what it has no business with.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { DEFAULT_PSK } from '../../test/support/tls-client.ts'
import { bootContainer, cannotBoot } from '../support/container/boot.ts'
import { layGateway } from '../support/container/gateway-layer.ts'
import type { Machine } from '../support/container/machine.ts'
import { UNITS } from '../support/container/units.ts'

/** Controller, file of the control group, and what iosed.service has for it. */
const LIMITS = [
  ['memory', 'memory.max', String(512 * 1024 * 1024)],
  ['memory', 'memory.swap.max', '0'],
  ['pids', 'pids.max', '128'],
] as const

const skip = cannotBoot()
const layer = mkdtempSync(join(tmpdir(), 'gateway-layer-'))
before(() => {
  if (skip === false) layGateway(layer)
})
after(() => rmSync(layer, { recursive: true }))

for (const rootfs of ['trixie', 'bookworm'] as const) {
  suite(`service on ${rootfs}`, { skip }, () => {
    let machine: Machine
    before(async () => {
      machine = await bootContainer({ rootfs, layers: [layer] })
      await machine.success(['systemctl', 'start', 'iosed-tls-se.socket', 'iosed-racs.socket'])
      // Resolves when it has told systemd that it is ready.
      await machine.success(['systemctl', 'start', 'iosed.service'])
    })
    after(() => machine[Symbol.asyncDispose]())

    test(`service on ${rootfs}: both planes answer openssl s_client from outside`, async () => {
      const racs = await machine.outside(['openssl', 's_client', '-connect', `${machine.address}:7777`], '')
      assert.match(racs.stdout, /^subject=/m, racs.stderr)
      const stdout = await answerOf(machine)
      assert.equal(stdout.trim(), 'hello')
    })

    test(`service on ${rootfs}: it runs as its user, with its groups and no right`, async () => {
      const pid = (await machine.success(['systemctl', 'show', '-P', 'MainPID', 'iosed'])).trim()
      const status = await machine.success(['cat', `/proc/${pid}/status`])
      const uid = (await machine.success(['id', '-u', 'iose'])).trim()
      assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'))
      assert.match(status, /^CapBnd:\t0+$/m)
      assert.match(status, /^NoNewPrivs:\t1$/m)
      assert.match(status, /^Seccomp:\t2$/m)
    })

    for (const [controller, file, limit] of LIMITS) {
      test(`service on ${rootfs}: ${file} is what the unit says`, async (t) => {
        if (!(await machine.controllers()).includes(controller)) {
          t.skip(
            `MISSING: the controller ${controller} in cgroup2; this host has it in the old hierarchy or not at all`,
          )
          return
        }
        const written = await machine.success(['cat', `/sys/fs/cgroup/system.slice/iosed.service/${file}`])
        assert.equal(written.trim(), limit)
      })
    }

    test(`service on ${rootfs}: files of others cannot be written, homes and processes not be seen`, async () => {
      await machine.write('/home/somebody/letter', 'private')
      const said = await inSandbox(machine, [
        'for f in /etc/x /usr/x /var/x /home/x; do : >$f && echo wrote $f; done',
        'for f in /var/lib/iose/x /run/iose/x /tmp/x; do : >$f && echo wrote $f; done',
        'cat /home/somebody/letter && echo read',
        '[ -e /proc/1 ] && echo sees process 1; echo end',
      ])
      assert.deepEqual(said, ['wrote /var/lib/iose/x', 'wrote /run/iose/x', 'wrote /tmp/x', 'end'])
    })

    test(`service on ${rootfs}: what was dropped somewhere writable cannot be run`, async () => {
      const places = '/var/lib/iose /run/iose /tmp /var/tmp /dev/shm'
      const said = await inSandbox(machine, [
        `for d in ${places}; do cp /usr/bin/true $d/t && if $d/t; then echo ran $d; else echo kept $d; fi; done`,
      ])
      assert.deepEqual(
        said,
        places.split(' ').map((place) => `kept ${place}`),
      )
    })

    test(`service on ${rootfs}: device nodes of others are refused, even if everybody may open them`, async () => {
      await machine.success(['mknod', '-m', '666', '/dev/other', 'c', '10', '229'])
      await machine.success(['mknod', '-m', '666', '/dev/kernel-log', 'c', '1', '11'])
      const said = await inSandbox(machine, [
        'for d in null other kernel-log; do : </dev/$d && echo opened $d; done; echo end',
      ])
      assert.deepEqual(said, ['opened null', 'end'])
    })

    test(`service on ${rootfs}: no namespaces, no raw sockets, no netlink, no other personality`, async () => {
      const said = await inSandbox(machine, [
        'unshare -U true && echo made a namespace',
        'setarch i386 true && echo another personality',
        'ip -o link && echo netlink',
        'perl -MSocket -e "socket(S, AF_INET, SOCK_RAW, 1) or exit 1" && echo raw socket',
        'mount -t tmpfs tmpfs /tmp && echo mounted; echo end',
      ])
      assert.deepEqual(said, ['end'])
    })
  })
}

/** What the simulated element `key1.com` answers to a client outside that asks it to echo a word. */
async function answerOf(machine: Machine): Promise<string> {
  const client = `openssl s_client -quiet -no_ign_eof -connect ${machine.address}:8888 -servername key1.com`
  const suite = `-tls1_3 -groups P-256 -ciphersuites TLS_AES_128_CCM_SHA256 -psk ${DEFAULT_PSK.toString('hex')}`
  const script = `(printf '?01hello\\r\\n'; sleep 1) | ${client} ${suite}`
  return (await machine.outside(['bash', '-c', script])).stdout
}

/**
 * What a script prints that runs with everything that iosed.service says, but another program.
 * @param script  lines for bash
 */
async function inSandbox(machine: Machine, script: readonly string[]): Promise<string[]> {
  const name = `probe-${++probes}`
  const unit = readFileSync(join(UNITS, 'system/iosed.service'), 'utf8')
    .replace(/^(ExecReload|Type|Restart|WatchdogSec|SyslogIdentifier)=.*$/gm, '')
    .replace(/^ExecStart=.*$/m, `ExecStart=/bin/bash /usr/lib/${name}.sh`)
    .replace('[Service]\n', `[Service]\nType=oneshot\nStandardError=null\nSyslogIdentifier=${name}\n`)
  await machine.write(`/run/systemd/system/${name}.service`, unit)
  await machine.write(`/usr/lib/${name}.sh`, `${script.join('\n')}\n`)
  await machine.success(['systemctl', 'daemon-reload'])
  await machine.success(['systemctl', 'start', name])
  await machine.success(['journalctl', '--sync'])
  const lines = await machine.success(['journalctl', '-q', '-o', 'cat', '-t', name])
  return lines.split('\n').filter((line) => line !== '')
}

let probes = 0
