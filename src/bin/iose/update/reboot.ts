// A restart of the machine.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Resolves when it is under way. @throws Error of what systemctl said */
export async function reboot(): Promise<void> {
  await run('systemctl', ['--no-block', 'reboot'])
}

/**
 * In a second: until then everybody is still there to be told. Resolves when systemd has the order.
 * @throws Error of what systemd-run said
 */
export async function rebootSoon(): Promise<void> {
  const timer = ['--quiet', '--collect', '--on-active=1s', '--timer-property=AccuracySec=10ms']
  await run('systemd-run', [...timer, 'systemctl', '--no-block', 'reboot'])
}

/** By when it is under way then. */
export const SOON_MS = 2_000

const run = promisify(execFile)
