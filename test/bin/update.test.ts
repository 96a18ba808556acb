// `iose update` over a disk and the files of an appliance in a folder.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { lockUpdates } from '../../src/update/lock.ts'
import { Gateway } from '../support/gateway.ts'
import { IOSE, iose, type Said } from '../support/iose.ts'
import { isMissing } from '../support/peers.ts'
import { Random } from '../support/random.ts'
import { BOARD, slotFile, UpdateBench } from '../support/update-bench.ts'

test('iose update: the update is in the other slot and started next, and says so', async () => {
  using bench = new UpdateBench()
  const { path, payload, rootBytes } = await bench.update({ rootBytes: 3 * 1024 * 1024 })
  const dry = await update(bench, path, '--dry-run')
  assert.deepEqual([dry.exitCode, dry.stderr], [0, ''])
  assert.match(dry.stdout, /would go into slot B\. Nothing was written\.\n$/)
  assert.equal(bench.boot()?.slot, 'A')
  assert.ok(!existsSync(bench.journal) && bench.slot('B', 512, 0).every((byte) => byte === 0))

  const said = await update(bench, path)
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  assert.match(
    said.stdout,
    /^version 1\.1\.0, signed with key [0-9a-f]{16}; 1\.0\.0 runs in slot A\nwritten \d+ % of 4 MiB\n/,
  )
  assert.match(
    said.stdout,
    /compared with what was signed 100 % of 4 MiB\nVersion 1\.1\.0 is in slot B, which has 3 tries/,
  )
  assert.match(said.stdout, /Next: systemctl reboot\n$/)
  assert.ok(bench.slot('B', rootBytes, 4096).equals(payload))
  assert.ok(
    bench.slot('A', 512, 0).every((byte) => byte === 0),
    'the running slot is not touched',
  )
  const { slot, tries, isConfirmed } = bench.boot() ?? {}
  assert.deepEqual({ slot, tries, isConfirmed }, { slot: 'B', tries: 3, isConfirmed: false })

  const status = await iose(['update', 'status', ...below(bench)])
  assert.match(
    status.stdout,
    /^running {5}slot A, version 1\.0\.0, confirmed before\nother {7}slot B, version 1\.1\.0\nnext start {2}slot B, 3 tries left\nlast {8}version 1\.1\.0 in slot B waits for its first start \(/,
  )
  const json = JSON.parse((await iose(['update', 'status', '--json', ...below(bench)])).stdout) as Record<
    string,
    unknown
  >
  assert.deepEqual(json['next_start'], { slot: 'B', tries_left: 3 })
})

test('iose update -: it comes on standard input as well, from slot B into slot A', async () => {
  using bench = new UpdateBench({ slot: 'B' })
  const { path, payload, rootBytes } = await bench.update()
  const said = await iose(['update', '-', ...below(bench)], { input: readFileSync(path).toString('latin1') })
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  assert.ok(bench.slot('A', rootBytes, 4096).equals(payload))
  assert.equal(bench.boot()?.slot, 'A')
})

test('iose update: what is damaged, cut, unsigned, foreign or older is refused with a next step, and nothing is started', async () => {
  using bench = new UpdateBench()
  using stranger = new UpdateBench()
  const good = await bench.update()
  const bytes = readFileSync(good.path)
  const file = join(bench.folder, 'bad.ioseup')
  const flipped = Buffer.from(bytes)
  flipped[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  const cases: [string, string, Buffer | undefined, RegExp][] = [
    ['damaged', file, flipped, /chunk 2 of 2 is not what was signed\nNext: get the file again/],
    ['cut', file, bytes.subarray(0, 700_000), /it ends after 700000 bytes/],
    ['longer', file, Buffer.concat([bytes, Buffer.alloc(1)]), /bytes behind its end/],
    ['nothing', file, Buffer.alloc(0), /it ends after 0 bytes/],
    ['noise', file, Buffer.from(new Random(3).bytes(4096)), /it is no update file/],
    [
      'unsigned',
      file,
      Buffer.concat([bytes.subarray(0, 576), Buffer.alloc(64), bytes.subarray(640)]),
      /signature by key [0-9a-f]{16} is wrong/,
    ],
    [
      'foreign key',
      (await stranger.update()).path,
      undefined,
      /this machine has [0-9a-f]{16}\nNext: ask whoever made it/,
    ],
    [
      'older',
      (await bench.update({ version: '0.9.0', seed: 2 })).path,
      undefined,
      /it is version 0\.9\.0, and 1\.0\.0 is newer; --allow-downgrade/,
    ],
    [
      'board',
      (await bench.update({ board: 'toaster', seed: 3 })).path,
      undefined,
      /for boards toaster, and this one is raspberrypi,4-model-b brcm,bcm2711/,
    ],
    ['product', (await bench.update({ product: 'toaster', seed: 4 })).path, undefined, /it is for toaster/],
    ['missing', join(bench.folder, 'nowhere'), undefined, /cannot read .*nowhere: ENOENT/],
  ]
  for (const [what, path, content, pattern] of cases) {
    if (content !== undefined) writeFileSync(path, content)
    const said = await update(bench, path)
    assert.equal(said.exitCode, 1, what)
    assert.match(said.stderr, pattern, what)
    assert.match(said.stderr, /^iose: .*\n(Next: [^:]*\n|Next: ask whoever made it .*\n)?$/, what)
    assert.deepEqual([bench.boot()?.slot, bench.boot()?.isConfirmed], ['A', true], what)
  }
  rmSync(join(bench.folder, 'etc/iose/update-keys/release.pem'))
  assert.match((await update(bench, good.path)).stderr, /this machine has no key/)
})

test('iose update --allow-downgrade: down to the minimum of what was confirmed, and not below', async () => {
  using bench = new UpdateBench()
  const older = await bench.update({ version: '0.9.0' })
  bench.put('/data/update/journal.json', '{"slots":{},"minimum":"0.9.1"}')
  const refused = await update(bench, older.path, '--allow-downgrade')
  assert.deepEqual([refused.exitCode, bench.boot()?.slot], [1, 'A'])
  assert.match(refused.stderr, /an update before it forbids what is below 0\.9\.1/)
  bench.put('/data/update/journal.json', '{"slots":{},"minimum":"0.9.0"}')
  assert.equal((await update(bench, older.path, '--allow-downgrade')).exitCode, 0)
  assert.equal(bench.boot()?.slot, 'B')
})

test('iose update: a machine that is no appliance, or another disk, is refused', async () => {
  using bench = new UpdateBench()
  const { path } = await bench.update()
  bench.put('/proc/cmdline', 'root=PARTUUID=deadbeef-02 iose.slot=A\n')
  const foreign = await update(bench, path)
  assert.deepEqual(foreign.exitCode, 2)
  assert.match(foreign.stderr, /is not the disk deadbeef that this system was started from/)
  bench.put('/proc/cmdline', 'root=PARTUUID=c0ffee42-03 iose.slot=A\n')
  assert.match((await update(bench, path)).stderr, /the root is partition 3, which is not slot A/)
  bench.put('/proc/cmdline', 'root=/dev/sda1 quiet\n')
  assert.match((await update(bench, path)).stderr, /its kernel was not started from a slot/)
  rmSync(join(bench.folder, 'usr/lib/iose-appliance/version'))
  const none = await update(bench, path)
  assert.match(
    none.stderr,
    /this machine is no appliance with two slots: there is no .*\nNext: on Debian: apt-get install --only-upgrade iose-gateway/,
  )
})

test('iose update: two at once, and one while the running slot is on trial, are refused', async () => {
  using bench = new UpdateBench()
  const { path } = await bench.update()
  {
    await using lock = await lockUpdates(join(bench.folder, 'data/update/lock'), 0)
    assert.ok(lock)
    const said = await update(bench, path)
    assert.equal(said.exitCode, 1)
    assert.match(said.stderr, /another update runs/)
  }
  bench.setBoot({ slot: 'A', tries: 2, isConfirmed: false })
  assert.match((await update(bench, path)).stderr, /slot A is not confirmed yet/)
})

test('iose update: killed at any time, the old slot is started, and the next run is not kept out', async () => {
  using bench = new UpdateBench()
  const { path } = await bench.update({ rootBytes: 24 * 1024 * 1024 })
  const random = new Random(2611)
  for (let round = 0; round < 4; round++) {
    const child = spawn(process.execPath, [IOSE, 'update', path, ...below(bench)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let tenths = random.int(9)
    child.stdout.on('data', (chunk: Buffer) => {
      if (/written/.test(chunk.toString()) && tenths-- <= 0) child.kill('SIGKILL')
    })
    await once(child, 'close')
    assert.deepEqual([bench.boot()?.slot, bench.boot()?.isConfirmed], ['A', true], `round ${round}`)
  }
  assert.equal((await update(bench, path)).exitCode, 0)
  assert.equal(bench.boot()?.slot, 'B')
})

test('iose update sign and inspect: an update out of an image, and whether it is trusted', async () => {
  using bench = new UpdateBench()
  const { path: slot } = slotFile(join(bench.folder, 'slot.img'), 9, 8192)
  const output = join(bench.folder, 'out.ioseup')
  const sign = [
    'update',
    'sign',
    slot,
    '--key',
    bench.keyFile,
    '--output',
    output,
    '--board',
    BOARD,
    '--board',
    'linux,dummy-virt',
  ]
  const signed = await iose([...sign, '--version', '1.5.0', '--minimum', '1.0.0'])
  assert.deepEqual([signed.exitCode, signed.stderr], [0, ''])
  assert.match(
    signed.stdout,
    /is not compared with the image: cannot read .*\n.*\n.*out\.ioseup: version 1\.5\.0 for raspberrypi,4-model-b linux,dummy-virt, minimum 1\.0\.0\n\d+ bytes, of which 12288 for a slot/,
  )
  const inspected = await iose(['update', 'inspect', output, ...below(bench)])
  assert.equal(inspected.exitCode, 0)
  assert.match(
    inspected.stdout,
    /^version {7}1\.5\.0\nminimum {7}1\.0\.0\nboards {8}raspberrypi,4-model-b linux,dummy-virt\n/m,
  )
  assert.match(inspected.stdout, /^verified {6}yes, header and payload\n$/m)
  const json = await iose(['update', 'inspect', '-', '--json', '--root', '/nowhere'], {
    input: readFileSync(output).toString('latin1'),
  })
  assert.equal(json.exitCode, 1)
  assert.match(
    json.stdout,
    /"verified":false,"obstacle":"the update is signed with key [0-9a-f]{16}; this machine has no key"/,
  )
  assert.equal((await update(bench, output)).exitCode, 0)

  for (const [args, pattern] of [
    [['--version', '1.5'], /--version 1\.5: a version is of the form/],
    [['--version', '1.5.0', '--minimum', '2.0.0'], /--minimum 2\.0\.0 is above 1\.5\.0/],
    [
      ['--version', '1.5.0', '--key', join(bench.folder, 'etc/iose/update-keys/release.pem')],
      /has no Ed25519 private key in PEM/,
    ],
    [['--version', '1.5.0', '--output', '/nowhere/out'], /cannot write \/nowhere\/out: ENOENT/],
    [['--reboot'], /--reboot is not for sign/],
  ] as const) {
    const said = await iose([...sign, ...args])
    assert.ok(said.exitCode !== 0)
    assert.match(said.stderr, pattern)
  }
})

test('iose update sign: the version is that in the image, and another one is refused', {
  skip: isMissing('mksquashfs', '-version'),
}, async () => {
  using bench = new UpdateBench()
  const { path: image } = slotFile(join(bench.folder, 'slot.img'), 9, 8192)
  bench.put('/tree/usr/lib/iose-appliance/version', '1.5.0\n')
  const root = join(bench.folder, 'root.img')
  spawnSync('mksquashfs', [join(bench.folder, 'tree'), root, '-noappend', '-quiet', '-no-progress'])
  // A slot is sparse; what is behind its root stays.
  const file = openSync(image, 'r+')
  writeSync(file, readFileSync(root), 0, undefined, 0)
  closeSync(file)
  const output = join(bench.folder, 'out.ioseup')
  const sign = ['update', 'sign', image, '--key', bench.keyFile, '--output', output, '--board', BOARD]
  assert.match((await iose(sign)).stdout, /^.*out\.ioseup: version 1\.5\.0 for/)
  assert.match((await iose([...sign, '--version', '1.5.0'])).stdout, /^.*out\.ioseup: version 1\.5\.0 for/)
  rmSync(output)
  const other = await iose([...sign, '--version', '1.6.0'])
  assert.equal(other.exitCode, 1)
  assert.match(
    other.stderr,
    /says that it is version 1\.5\.0; signed as 1\.6\.0, every machine would fall back/,
  )
  assert.ok(!existsSync(output))
})

test('iose update confirm: no gateway is no mission; the reason is kept and shown', async () => {
  using bench = new UpdateBench({ slot: 'B', version: '1.1.0' })
  bench.setBoot({ slot: 'B', tries: 2, isConfirmed: false })
  bench.put('/gateway.toml', '[status]\nlisten = "127.0.0.1:9"\n')
  const config = ['--config', join(bench.folder, 'gateway.toml'), '--timeout', '0']
  const said = await iose(['update', 'confirm', ...config, ...below(bench)])
  assert.equal(said.exitCode, 1)
  assert.match(said.stderr, /slot B, version 1\.1\.0: not confirmed: the status plane at 127\.0\.0\.1:9: /)
  assert.equal(bench.boot()?.isConfirmed, false)
  const status = await iose(['update', 'status', ...below(bench)])
  assert.match(
    status.stdout,
    /last {8}version 1\.1\.0 in slot B did not meet its mission \(.*\): the status plane at/,
  )
  bench.put('/gateway.toml', 'nonsense = 1\n')
  assert.match(
    (await iose(['update', 'confirm', ...config, ...below(bench)])).stderr,
    /not confirmed: .*nonsense/,
  )
})

test('iose update confirm: a gateway whose planes accept and whose element answered keeps the slot; one that hangs does not', async () => {
  await using gateway = await Gateway.start()
  using bench = new UpdateBench({ slot: 'B', version: '1.1.0' })
  bench.setBoot({ slot: 'B', tries: 2, isConfirmed: false })
  bench.put('/gateway.toml', `[status]\nlisten = "127.0.0.1:${gateway.statusPort}"\n`)
  const flags = ['--config', join(bench.folder, 'gateway.toml'), '--state-dir', gateway.stateDir]
  const confirm = ['update', 'confirm', ...flags, ...below(bench)]
  process.kill(gateway.pid, 'SIGSTOP')
  const hanging = await iose([...confirm, '--timeout', '0'])
  process.kill(gateway.pid, 'SIGCONT')
  assert.deepEqual([hanging.exitCode, bench.boot()?.isConfirmed], [1, false])
  const said = await iose([...confirm, '--timeout', '15'])
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  assert.match(said.stdout, /^slot B, version 1\.1\.0: its mission is met, it is confirmed\n$/)
  assert.deepEqual([bench.boot()?.slot, bench.boot()?.isConfirmed], ['B', true])
  assert.match((await iose(confirm)).stdout, /it was confirmed before\n$/)
})

function below(bench: UpdateBench): string[] {
  return ['--root', bench.folder, '--disk', bench.disk]
}

function update(bench: UpdateBench, path: string, ...flags: string[]): Promise<Said> {
  return iose(['update', path, ...flags, ...below(bench)])
}
