import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import test from 'node:test'
import ts from 'typescript'

const SRC = resolve(import.meta.dirname, '../src')

// folder -> what it may import besides itself: a folder, or one file of a folder. Mirrors src/README.md.
const ARROWS: Record<string, readonly string[]> = {
  base: [],
  apdu: ['base'],
  t0: ['base', 'apdu'],
  drivers: ['base', 'apdu', 't0', 't1'],
  simulator: ['base', 'apdu', 'drivers/driver.ts', 'drivers/errors.ts'],
  slots: ['base', 'apdu', 'drivers/driver.ts', 'drivers/errors.ts'],
  net: ['base'],
  t1: ['base'],
  tlsse: ['base', 'net', 'apdu', 'slots', 'drivers/driver.ts', 'drivers/errors.ts'],
  access: ['base', 'apdu', 'slots/identity.ts'],
  racs: ['base', 'net', 'apdu', 'slots', 'access', 'drivers/driver.ts', 'drivers/errors.ts'],
  globalplatform: ['base', 'apdu'],
  client: ['base', 'racs/grammar.ts'],
  pki: ['base'],
  audit: ['base', 'slots'],
  update: ['base'],
  config: ['base', 'access/user.ts'],
  hardware: ['base', 'config'],
  panel: ['base', 'slots'],
  status: ['base', 'net', 'apdu', 'slots', 'update/orders.ts', 'update/errors.ts'],
  bin: [
    ...['base', 'net', 'apdu', 'drivers', 'simulator', 'slots', 'tlsse', 'config'],
    ...['access', 'racs', 'client', 'pki', 'status', 't0', 't1', 'panel', 'globalplatform', 'audit'],
    ...['hardware', 'update'],
  ],
}

// package -> files and folders that alone may import it.
const PACKAGES: Record<string, readonly string[]> = {
  pino: ['base/log.ts'],
  'smol-toml': ['config/', 'bin/iose/reference-users.ts'],
  valibot: ['config/'],
  leven: ['config/'],
  'i2c-bus': ['drivers/i2c-adapter.ts'],
  epoll: ['drivers/gpio-edges.ts'],
  koffi: ['drivers/gpio-cdev.ts', 'bin/iosed/service/notify-socket.ts'],
  onoff: ['drivers/gpio-sysfs.ts'],
  'spi-device': ['drivers/spi-adapter.ts'],
  pcsclite: ['drivers/pcsc-pcsclite.ts'],
  smartcard: ['drivers/pcsc-smartcard.ts'],
  '@noble/ciphers': ['globalplatform/', 'simulator/'],
  '@noble/curves': ['simulator/'],
  yauzl: ['globalplatform/cap/'],
  yazl: ['globalplatform/cap/'],
  '@noble/hashes': ['simulator/', 'audit/'],
  'prom-client': ['status/'],
  '@peculiar/x509': ['pki/'],
  'reflect-metadata': ['pki/'],
}

interface Import {
  from: string
  specifier: string
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

function importsOf(file: string): Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(SRC, file), 'utf8'), true, true)
  return importedFiles.map(({ fileName }) => ({ from: file, specifier: fileName }))
}

function violationOf({ from, specifier }: Import): string | undefined {
  if (specifier.startsWith('node:')) return undefined
  if (!specifier.startsWith('.')) {
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    const homes = PACKAGES[name] ?? []
    if (homes.some((home) => from.startsWith(home))) return undefined
    return `${from} imports the package ${name}, which belongs to ${homes.join(', ') || 'nobody'}`
  }
  const target = relative(SRC, resolve(SRC, dirname(from), specifier)).replace(/\.js$/, '.ts')
  const [fromFolder = '', targetFolder = ''] = [from.split('/')[0], target.split('/')[0]]
  if (fromFolder === targetFolder) return undefined
  const allowed = ARROWS[fromFolder] ?? []
  if (allowed.includes(targetFolder) || allowed.includes(target)) return undefined
  return `${from} imports ${target}: no arrow ${fromFolder} -> ${targetFolder}`
}

test('architecture: every import follows an arrow of src/README.md', () => {
  assert.ok(files.length > 5)
  const violations = files.flatMap(importsOf).map(violationOf)
  assert.deepEqual(violations.filter(Boolean), [])
})

test('architecture: the check itself sees a forbidden arrow and a stray package', () => {
  assert.match(violationOf({ from: 'tlsse/a.ts', specifier: '../simulator/card.ts' }) ?? '', /no arrow/)
  assert.match(violationOf({ from: 'slots/a.ts', specifier: '../drivers/simulator.ts' }) ?? '', /no arrow/)
  assert.match(violationOf({ from: 'slots/a.ts', specifier: 'pino' }) ?? '', /package pino/)
  assert.equal(violationOf({ from: 'slots/a.ts', specifier: '../drivers/driver.ts' }), undefined)
})

test('architecture: every folder of src has its arrows', () => {
  const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const unknown = folders.map((entry) => entry.name).filter((name) => !(name in ARROWS))
  assert.deepEqual(unknown, [])
})
