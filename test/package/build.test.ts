// What a new user does first, on a machine without a compiler: npm leaves the addons out there.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'node:test'

const REPOSITORY = resolve(import.meta.dirname, '../..')

test('build: without any addon the gateway is built, and knows its configuration', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'clone-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of ['src', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(REPOSITORY, name), join(folder, name), { recursive: true })
  }
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly optionalDependencies: object
  }
  const addons = Object.keys(manifest.optionalDependencies)
  assert.ok(addons.includes('pcsclite'))
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(REPOSITORY, 'node_modules'))) {
    if (addons.includes(name)) continue
    symlinkSync(join(REPOSITORY, 'node_modules', name), join(folder, 'node_modules', name))
  }
  const run = (command: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
    return stdout + stderr
  }
  assert.equal(run(join(folder, 'scripts/build')), '')
  run(process.execPath, join(folder, 'dist/bin/iosed.js'), '--check-config')
  assert.match(run(process.execPath, join(folder, 'dist/bin/iose.js'), '--version'), /^\d/)
})
