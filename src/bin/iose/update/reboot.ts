// A restart of the machine.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Resolves when it is under way. @throws Error of what systemctl said */
export async function reboot(): Promise<void> {
  await promisify(execFile)('systemctl', ['--no-block', 'reboot'])
}
