import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { crc32 } from 'node:zlib'
import { isMissing } from '../support/peers.ts'

const ROOT = resolve(import.meta.dirname, '../..')

test('build-image: says how it is used, and refuses what it does not know', () => {
  const help = run('scripts/build-image', ['--help'])
  assert.equal(help.status, 0)
  assert.match(help.stdout, /^Usage: scripts\/build-image/)
  for (const args of [['--board'], ['--output'], ['--deb'], ['--update-key']]) {
    const { status, stderr } = run('scripts/build-image', args)
    assert.equal(status, 64, args.join(' '))
    assert.match(stderr, /scripts\/build-image --help/)
  }
})

test('build-image: a key of updates that is none is refused before anything is made', () => {
  const { status, stderr } = run('scripts/build-image', ['--update-key', 'package.json'])
  assert.equal(status, 64)
  assert.match(stderr, /--update-key package\.json: no Ed25519 public key in PEM/)
})

test('build-image: shellcheck has nothing to say', { skip: isMissing('shellcheck', '--version') }, () => {
  const appliance = ['configure', 'prepare-data', 'report'].map(
    (name) => `scripts/image/root/usr/lib/iose-appliance/${name}`,
  )
  const scripts = ['scripts/build-image', 'scripts/image/init', 'scripts/image/customize', ...appliance]
  const { status, stdout } = run('shellcheck', ['-x', ...scripts])
  assert.equal(status, 0, stdout)
})

test('kernel area: header, initramfs and kernel at sectors, CRC-32 over all at the end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'area-'))
  try {
    const [area = '', initramfs = '', kernel = ''] = ['area', 'initramfs', 'kernel'].map((name) =>
      join(folder, name),
    )
    writeFileSync(initramfs, Buffer.alloc(513, 0x11))
    // The CRC-32 no longer fits into the last sector of the kernel.
    writeFileSync(kernel, Buffer.alloc(509, 0x22))
    assert.equal(run('node', ['scripts/image/kernel-area.js', area, initramfs, kernel]).status, 0)
    const bytes = readFileSync(area)
    assert.equal(bytes.length, 5 * 512)
    assert.equal(bytes.toString('latin1', 0, 8), 'IOSEKRNL')
    const fields = [8, 12, 16, 20, 24, 28].map((offset) => bytes.readUInt32LE(offset))
    assert.deepEqual(fields, [1, 5, 512, 513, 3 * 512, 509])
    assert.ok(bytes.subarray(512, 1025).every((byte) => byte === 0x11))
    assert.ok(bytes.subarray(3 * 512, 3 * 512 + 509).every((byte) => byte === 0x22))
    assert.equal(bytes.readUInt32LE(bytes.length - 4), crc32(bytes.subarray(0, -4)))
    // What the boot script compares: the CRC-32 over bytes that end in their own.
    assert.equal(crc32(bytes), 0x2144df1c)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function run(
  command: string,
  args: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' })
}
