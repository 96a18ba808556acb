// The package of the gateway on a booted machine.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from './machine.ts'
import { UNITS } from './units.ts'

/** Installs a package with what it depends on and recommends; what apt and the package say. */
export async function install(machine: Machine, deb: string, ...options: readonly string[]): Promise<string> {
  await machine.copyIn(deb, '/root/iose-gateway.deb')
  const apt = [
    'apt-get',
    'install',
    '-y',
    '-q',
    '-o',
    'Dpkg::Use-Pty=0',
    ...options,
    '/root/iose-gateway.deb',
  ]
  const { stdout, stderr, status } = await machine.run(apt, { limitSeconds: 120 })
  if (status !== 0) throw new Error(`apt-get ended with ${status}\n${stdout}${stderr}`)
  return stdout + stderr
}

/** What `systemctl show` has for a property of the service. */
export async function propertyOf(
  machine: Machine,
  property: string,
  unit = 'iosed.service',
): Promise<string> {
  return (await machine.success(['systemctl', 'show', '-P', property, unit])).trim()
}

/** Waits until the service has said READY. */
export function ready(machine: Machine): Promise<void> {
  return machine.waitForState('iosed.service', 'active')
}

/**
 * What a script prints that runs with everything that iosed.service says, but another program.
 * @param script  lines for bash
 */
export async function inSandbox(machine: Machine, script: readonly string[]): Promise<string[]> {
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
