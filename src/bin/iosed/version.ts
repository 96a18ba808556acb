// What the package says of itself.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The version of this program. */
export function versionOf(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
