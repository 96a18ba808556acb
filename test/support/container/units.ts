// Where the files of systemd/ are on a machine that the gateway is installed on.

import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** The files of the repository, by folder. */
export const UNITS = join(import.meta.dirname, '../../../systemd')

/** Puts them where the package has them, into a folder that becomes a layer of a container's file system. */
export function layUnits(layer: string): void {
  for (const [folder, place] of PLACES) {
    mkdirSync(join(layer, place), { recursive: true })
    cpSync(join(UNITS, folder), join(layer, place), { recursive: true })
  }
}

const PLACES = [
  ['system', 'usr/lib/systemd/system'],
  ['udev/rules.d', 'usr/lib/udev/rules.d'],
  ['sysusers.d', 'usr/lib/sysusers.d'],
  ['tmpfiles.d', 'usr/lib/tmpfiles.d'],
  ['modules-load.d', 'usr/lib/modules-load.d'],
  ['polkit-1/rules.d', 'usr/share/polkit-1/rules.d'],
] as const
