// Root file systems of Debian to boot, each made once and never written to.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeOf } from './outcome.ts'

/** Debian 12 has systemd 252, Debian 13 systemd 257. */
export type Release = 'bookworm' | 'trixie'

/**
 * A directory that is the root file system of `release`, for the lower layer of an overlay.
 * When it has to be made first, that takes a minute and the network.
 */
export async function rootfsOf(release: Release): Promise<string> {
  const recipe = createHash('sha256').update(readFileSync(MAKE_ROOTFS)).digest('hex').slice(0, 12)
  const directory = join(CACHE, `${release}-${recipe}`)
  if (existsSync(directory)) return directory
  mkdirSync(CACHE, { recursive: true })
  const { status, stderr } = await outcomeOf(['timeout', '300', MAKE_ROOTFS, release, directory])
  if (status !== 0) {
    throw new Error(`Debian ${release} could not be made; is the mirror reachable?\n${stderr.slice(-2000)}`)
  }
  return directory
}

const MAKE_ROOTFS = join(import.meta.dirname, 'make-rootfs')
const CACHE = join(import.meta.dirname, '../../../.cache/rootfs')
