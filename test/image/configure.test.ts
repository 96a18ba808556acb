// The configuration on the first partition of the card, as the image's own script takes it, with the real gateway's checks;
// below a folder instead of an appliance's root.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const SCRIPT = join(ROOT, 'scripts/image/root/usr/lib/iose-appliance/configure')
const REPORT_BYTES = 8_192

test('configure: without files on the card the gateway has its defaults, and the report says how to change that', (t) => {
  const box = new Box(t)
  box.start()
  assert.deepEqual(box.files, [])
  assert.match(box.report, /No configuration is in this folder/)
  assert.equal(box.refused, undefined)
})

test('configure: a good configuration is taken, and is the last good one when the gateway was ready', (t) => {
  const box = new Box(t)
  box.put('gateway.toml', GOOD)
  box.put('users.toml', '[users.alice]\ncn = "alice"\nseids = ["sim1"]\n')
  box.put('release.pem', 'a certificate')
  box.put('update-keys/owner.pem', 'a key')
  box.start()
  assert.deepEqual(box.files, ['gateway.toml', 'release.pem', 'update-keys', 'users.toml'])
  assert.match(box.report, /has not become ready with it yet/)
  box.run('proven')
  assert.match(box.report, /was taken, and the gateway has become ready with it/)
  const good = box.used
  box.start()
  assert.equal(box.used, good)
  assert.match(box.report, /was taken/)
})

test('configure: who may read it is the gateway alone', (t) => {
  const box = new Box(t)
  box.put('gateway.toml', GOOD)
  box.put('server.key', 'a key')
  box.start()
  assert.equal(statSync(join(box.config, 'server.key')).mode & 0o777, 0o400)
  assert.equal(statSync(box.config).mode & 0o777, 0o500)
})

for (const [what, files, words] of [
  [
    'a mistake in gateway.toml',
    { 'gateway.toml': '[racs]\nlisten = "x"\n' },
    /gateway\.toml: racs\.listen: found "x"/,
  ],
  ['no TOML', { 'gateway.toml': 'listen' }, /gateway\.toml/],
  ['a mistake in users.toml', { 'users.toml': '[users.alice]\nseid = ["sim1"]\n' }, /users\.toml/],
  ['a host name with a blank', { hostname: 'two words_' }, /hostname: expected one line/],
  ['a file that is too large', { 'big.pem': 'x'.repeat(1024 * 1024 + 1) }, /big\.pem has more than 1024 KiB/],
  ['too many files', manyFiles(65), /more than 64 files/],
] as const) {
  test(`configure: ${what} is refused with the reason, and the last good one stays`, (t) => {
    const box = new Box(t)
    box.put('gateway.toml', GOOD)
    box.start()
    box.run('proven')
    const good = box.used
    for (const [name, text] of Object.entries(files)) box.put(name, text)
    // The second start does not look again, and says the same.
    for (let start = 0; start < 2; start++) {
      box.start()
      assert.equal(box.used, good)
      assert.match(box.refused ?? '', words)
      assert.match(box.report, /^REFUSED: .*\nThe gateway runs with the last good one/m)
    }
    box.run('proven')
    assert.match(box.report, /REFUSED/)
    for (const name of Object.keys(files)) box.remove(name)
    box.put('gateway.toml', GOOD)
    box.start()
    assert.deepEqual([box.used, box.refused], [good, undefined])
  })
}

test('configure: at the limits of size and number it is taken', (t) => {
  const box = new Box(t)
  for (const [name, text] of Object.entries(manyFiles(63))) box.put(name, text)
  box.put('big.pem', 'x'.repeat(1024 * 1024))
  box.start()
  assert.equal(box.refused, undefined)
  assert.equal(box.files.length, 64)
})

test('configure: what passes its checks and stops the gateway is given up, with its last words', (t) => {
  const box = new Box(t)
  box.put('gateway.toml', GOOD)
  box.start()
  box.run('proven')
  const good = box.used
  box.put('gateway.toml', `${GOOD}[racs]\nca = "/etc/iose/none.pem"\n`)
  box.start()
  assert.notEqual(box.used, good)
  box.journal('starts\niosed: racs.ca: cannot read /etc/iose/none.pem\nTry: iosed --check-config\n')
  assert.match(box.run('revert'), /reset-failed iosed.service\n.*start iosed.service/)
  assert.equal(box.used, good)
  assert.equal(box.refused, 'racs.ca: cannot read /etc/iose/none.pem')
  box.start()
  assert.equal(box.used, good)
})

test('configure: a gateway that fails with what was good before is not started again and again', (t) => {
  const box = new Box(t)
  box.put('gateway.toml', GOOD)
  box.start()
  box.run('proven')
  box.journal('iosed: the port is taken\n')
  assert.equal(box.run('revert'), '')
  assert.match(box.report, /The gateway does not start: the port is taken/)
  box.run('proven')
  assert.doesNotMatch(box.report, /does not start/)
})

test('configure: one that never makes the gateway ready is given up after three starts of the machine', (t) => {
  const box = new Box(t)
  box.put('gateway.toml', GOOD)
  for (let start = 1; start <= 3; start++) {
    box.start()
    assert.deepEqual([box.files, box.refused], [['gateway.toml'], undefined], `start ${start}`)
  }
  box.start()
  assert.deepEqual(box.files, [])
  assert.match(box.refused ?? '', /did not become ready with it in 3 starts/)
})

test('configure: the last good one stays when the first partition of the card cannot be read', (t) => {
  const box = new Box(t)
  box.put('gateway.toml', GOOD)
  box.start()
  box.run('proven')
  rmSync(join(box.root, 'boot'), { recursive: true })
  box.start()
  assert.deepEqual(box.files, ['gateway.toml'])
  assert.equal(box.refused, undefined)
})

test('configure: one that was never proven is neither good nor refused by a start without the first partition', (t) => {
  const box = new Box(t)
  box.put('gateway.toml', GOOD)
  box.start()
  box.run('proven')
  const good = box.used
  box.put('gateway.toml', `${GOOD}drain_ms = 1000\n`)
  box.start()
  const trial = box.used
  assert.notEqual(trial, good)
  // The power goes, and the card cannot be read at the next start.
  box.hideCard()
  box.start()
  assert.equal(box.used, good)
  box.run('proven')
  box.journal('iosed: the port is taken\n')
  box.run('revert')
  box.start()
  assert.deepEqual([box.used, box.refused], [good, undefined])
  box.showCard()
  box.start()
  assert.equal(box.used, trial)
})

test('configure: what desktops and the system leave in the folder does not count', (t) => {
  const box = new Box(t)
  box.put('._gateway.toml', 'Mac')
  box.put('gateway.toml.example', 'example')
  box.put('Copy of gateway.toml', 'a blank in its name')
  box.put('System Volume Information/x.toml', 'Windows')
  box.start()
  assert.match(box.report, /No configuration is in this folder/)
})

test('configure: the report and the keys of the operator keep their length, and are written only when they change', (t) => {
  const box = new Box(t)
  box.state('pki/ca.pem', 'BEGIN CA')
  box.state('pki/operator.pem', 'BEGIN operator')
  box.state('pki/operator.key', 'BEGIN key')
  box.start()
  assert.doesNotMatch(box.onCard('operator/operator.key'), /BEGIN/)
  box.run('proven')
  for (const name of ['report.txt', 'operator/ca.pem', 'operator/operator.pem', 'operator/operator.key']) {
    assert.equal(statSync(join(box.card, name)).size, REPORT_BYTES, name)
  }
  assert.match(box.onCard('operator/operator.key'), /^BEGIN key\n+$/)
  assert.equal(existsSync(join(box.root, 'run/iose-appliance/text')), false)
  const { mtimeMs } = statSync(join(box.card, 'report.txt'))
  box.start()
  box.run('proven')
  assert.equal(statSync(join(box.card, 'report.txt')).mtimeMs, mtimeMs)
  // Taken and deleted: they do not come back.
  box.remove('operator/operator.key')
  box.run('proven')
  assert.equal(existsSync(join(box.card, 'operator/operator.key')), false)
  // An empty file asks for what there is by now.
  box.state('pki/operator.pem', 'BEGIN renewed')
  box.run('proven')
  assert.match(box.onCard('operator/operator.pem'), /^BEGIN operator\n/)
  box.put('operator/operator.pem', '')
  box.run('proven')
  assert.match(box.onCard('operator/operator.pem'), /^BEGIN renewed\n/)
})

test('configure: of sets that are not used any more nothing is kept', (t) => {
  const box = new Box(t)
  for (const name of ['one', 'two', 'three']) {
    box.put('gateway.toml', `[gateway]\nname = "${name}"\n`)
    box.start()
    box.run('proven')
  }
  assert.equal(readdirSync(join(box.root, 'data/config/sets')).length, 1)
})

const GOOD = '[gateway]\nname = "box"\n'

function manyFiles(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`c${index}.pem`, 'x']))
}

/** An appliance in a folder. */
class Box {
  readonly root: string
  readonly card: string

  constructor(t: TestContext) {
    this.root = mkdtempSync(join(tmpdir(), 'box-'))
    t.after(() => rmSync(this.root, { recursive: true, force: true }))
    this.card = join(this.root, 'boot/iose')
    for (const name of ['report.txt', 'operator/ca.pem', 'operator/operator.pem', 'operator/operator.key']) {
      this.put(name, '')
      truncateSync(join(this.card, name), 0)
      writeFileSync(join(this.card, name), '\n'.repeat(REPORT_BYTES))
    }
    this.#write('etc/hostname', 'iose-gateway\n')
    this.#write('usr/lib/iose-appliance/version', '1.2.3\n')
    this.#write(
      'usr/sbin/iosed',
      `#!/bin/sh\nexec ${process.execPath} ${ROOT}/dist/bin/iosed.js "$@"\n`,
      0o755,
    )
    this.#write('bin/systemctl', '#!/bin/sh\necho "$@"\n', 0o755)
    this.journal('')
    for (const name of ['var/lib/iose', 'usr/lib/iose-appliance/defaults']) {
      mkdirSync(join(this.root, name), { recursive: true })
    }
  }

  /** As a start of the machine: /run is empty then. */
  start(): void {
    rmSync(join(this.root, 'run'), { recursive: true, force: true })
    mkdirSync(join(this.root, 'run'))
    assert.equal(this.run('take'), '')
  }

  /** @returns what it says */
  run(command: string): string {
    const { status, stdout, stderr } = spawnSync(SCRIPT, [command], {
      encoding: 'utf8',
      env: { ...process.env, IOSE_ROOT: this.root, PATH: `${this.root}/bin:${process.env['PATH'] ?? ''}` },
    })
    assert.deepEqual([status, stderr], [0, ''])
    return stdout
  }

  put(name: string, text: string): void {
    this.#write(join('boot/iose', name), text)
  }

  remove(name: string): void {
    rmSync(join(this.card, name))
  }

  hideCard(): void {
    renameSync(this.card, join(this.root, 'hidden'))
  }

  showCard(): void {
    renameSync(join(this.root, 'hidden'), this.card)
  }

  state(name: string, text: string): void {
    this.#write(join('var/lib/iose', name), text)
  }

  /** What journalctl says from now on. */
  journal(text: string): void {
    this.#write('journal.txt', text)
    this.#write('bin/journalctl', `#!/bin/sh\ncat ${this.root}/journal.txt\n`, 0o755)
  }

  onCard(name: string): string {
    return readFileSync(join(this.card, name), 'utf8')
  }

  /** Where /etc/iose leads to. */
  get config(): string {
    return readlinkSync(join(this.root, 'run/iose-appliance/config'))
  }

  get used(): string {
    return basename(this.config)
  }

  get files(): string[] {
    return readdirSync(this.config).sort()
  }

  get report(): string {
    return this.onCard('report.txt')
  }

  get refused(): string | undefined {
    const path = join(this.root, 'run/iose-appliance/refused')
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
  }

  #write(name: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.root, name)), { recursive: true })
    writeFileSync(join(this.root, name), text, { mode })
  }
}
