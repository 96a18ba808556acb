// Where the gateway keeps what must survive a restart; relative paths of the configuration start there.

import { homedir } from 'node:os'
import { join } from 'node:path'

/** The configured directory, else what systemd gives, else the user's own. */
export function stateDirOf(configured: string | undefined, environment: NodeJS.ProcessEnv): string {
  if (configured !== undefined) return configured
  // With several, systemd separates them by colons; the first is ours.
  const [fromSystemd = ''] = (environment['STATE_DIRECTORY'] ?? '').split(':')
  if (fromSystemd !== '') return fromSystemd
  const home = environment['XDG_STATE_HOME'] ?? ''
  return join(home === '' ? join(homedir(), '.local/state') : home, 'iose')
}
