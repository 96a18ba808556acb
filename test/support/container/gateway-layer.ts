// The gateway as the package installs it, in a folder that becomes a layer of a container's file system: without
// waiting for a package to be built.

import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { layUnits } from './units.ts'

/** Puts units, program, its production dependencies and this process's Node.js into `layer`. */
export function layGateway(layer: string): void {
  layUnits(layer)
  const home = join(layer, 'usr/lib/iose-gateway')
  mkdirSync(join(home, 'bin'), { recursive: true })
  copyFileSync(process.execPath, join(home, 'bin/node'))
  copyFileSync(join(ROOT, 'package.json'), join(home, 'package.json'))
  for (const path of ['dist', ...productionPackages()]) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    cpSync(join(ROOT, path), join(home, path), { recursive: true })
  }
  mkdirSync(join(layer, 'usr/sbin'))
  for (const program of ['iosed', 'iose']) {
    const folder = program === 'iosed' ? 'usr/sbin' : 'usr/bin'
    mkdirSync(join(layer, folder), { recursive: true })
    const start = `exec /usr/lib/iose-gateway/bin/node /usr/lib/iose-gateway/dist/bin/${program}.js "$@"`
    writeFileSync(join(layer, folder, program), `#!/bin/sh\n${start}\n`)
    chmodSync(join(layer, folder, program), 0o755)
  }
}

/** Folders of packages that are not for development only, as the lockfile has them; optional ones may be left out. */
function productionPackages(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>
  }
  return Object.entries(lock.packages)
    .filter(([path, { dev = false, devOptional = false }]) => path !== '' && !dev && !devOptional)
    .map(([path]) => path)
    .filter((path) => existsSync(join(ROOT, path)))
}

const ROOT = join(import.meta.dirname, '../../..')
