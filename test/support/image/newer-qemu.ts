// A QEMU whose Raspberry Pi 3 has the I2C and SPI controllers: from version 9 on. Debian 12 has 7.2, Debian 13 has 10.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeOf } from '../container/outcome.ts'
import { isMissing } from '../peers.ts'

/** How it is called, or why it cannot be had. That of Debian 13 is unpacked once, in a minute, when this machine has an older one. */
export async function newerQemu(): Promise<{ qemu: readonly string[] } | { missing: string }> {
  const { stdout } = spawnSync('qemu-system-aarch64', ['--version'], { encoding: 'utf8' })
  if (Number(/version (\d+)/.exec(stdout)?.[1]) >= WITH_BUSES) return { qemu: ['qemu-system-aarch64'] }
  const recipe = createHash('sha256').update(readFileSync(MAKE_QEMU)).digest('hex').slice(0, 12)
  const directory = join(CACHE, `qemu-${recipe}`)
  if (!existsSync(directory)) {
    const missing = isMissing('mmdebstrap', '--version')
    if (missing !== false) return { missing }
    mkdirSync(CACHE, { recursive: true })
    const { status, stderr } = await outcomeOf(['timeout', '300', MAKE_QEMU, directory])
    if (status !== 0)
      return { missing: `MISSING: a QEMU with I2C and SPI, of Debian 13: ${stderr.slice(-500)}` }
  }
  return { qemu: [join(directory, 'qemu')] }
}

const WITH_BUSES = 9
const MAKE_QEMU = join(import.meta.dirname, 'make-qemu')
const CACHE = join(import.meta.dirname, '../../../.cache/image-tests')
