import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import test, { after, before } from 'node:test'
import { archiveOf, changedDemo, component } from '../support/cap-bench.ts'
import { CuttingRelay } from '../support/cutting-relay.ts'
import { at, blank, DOMAIN, GpBench } from '../support/gp-bench.ts'
import { hex } from '../support/hex-fields.ts'
import { IOSE } from '../support/iose.ts'
import { needsScript, Terminal } from '../support/terminal.ts'

let bench: GpBench
before(async () => {
  bench = await GpBench.start(
    ['blank', 'life', 'keys', 'keys256', 'cut', 'watched'].map((seid) => blank(seid)).join('') +
      blank('old', 'scp = "scp02"\n') +
      blank('t0', 'protocol = "t0"\n'),
  )
})
after(() => bench[Symbol.asyncDispose]())

for (const seid of ['life', 't0']) {
  test(`iose gp: an application on ${seid}, from its loading to its end`, async () => {
    const cap = await bench.demoCap()
    assert.equal(await bench.done('load', cap, ...at(seid)), `0102030405 is on ${seid}: 188 bytes\n`)
    await bench.fails(
      1,
      /a package 0102030405 is on the element already\nState: the element is as it was/,
      'load',
      cap,
      ...at(seid),
    )
    const sen = `${seid}.com`
    assert.match(
      await bench.done('install', cap, ...at(seid), '--default-selected', '--sen', sen),
      new RegExp(
        `^010203040500 is installed on ${seid}: module 010203040500 of package 0102030405, privileges 04\n`,
      ),
    )
    assert.match((await bench.iose(['racs', 'sen', seid])).stdout, new RegExp(`^${sen} `))
    await bench.fails(1, /an application 010203040500 is there already/, 'install', cap, ...at(seid))
    const second = ['--instance', '0102030405AA']
    await bench.fails(
      1,
      /010203040500 is selected by default, and only one/,
      'install',
      cap,
      ...at(seid),
      ...second,
      '--default-selected',
    )
    await bench.done('install', cap, ...at(seid), ...second)
    assert.equal(
      await bench.done('list', ...at(seid)),
      `${DOMAIN}application  010203040500                      SELECTABLE, from 0102030405, selected by default\n` +
        'application  0102030405AA                      SELECTABLE, from 0102030405\n' +
        'package      0102030405                        LOADED, version 1.0, modules 010203040500\n',
    )
    await bench.fails(
      1,
      /DELETE: 6985: it is in use.*\nState: nothing was deleted\.\nNext: --related/s,
      'delete',
      '0102030405',
      ...at(seid),
    )
    assert.equal(await bench.done('delete', '0102030405aa', ...at(seid)), `0102030405AA deleted on ${seid}\n`)
    assert.equal(
      await bench.done('delete', '0102030405', '--related', ...at(seid), '--dry-run'),
      `010203040500 would be deleted on ${seid}\n0102030405 would be deleted on ${seid}\n`,
    )
    await bench.done('delete', '0102030405', '--related', ...at(seid))
    assert.equal(await bench.done('list', ...at(seid)), DOMAIN)
    await bench.fails(1, /6A88: there is nothing with this AID/, 'delete', '0102030405', ...at(seid))
  })
}

test('iose gp delete: leaves security domains alone', async () => {
  await bench.fails(1, /A000000151000000 is a security domain/, 'delete', 'A000000151000000', ...at('blank'))
  await bench.fails(1, /A000000003000000 is a security domain/, 'delete', 'A000000003000000', ...at('blank'))
})

test('iose gp install: out of AIDs, and what is wrong with them', async () => {
  const cap = await bench.demoCap()
  await bench.fails(64, /a CAP file is missing, or --package and --module/, 'install', ...at('blank'))
  await bench.fails(
    64,
    /--module 0102030405FF: .* has 010203040500/,
    'install',
    cap,
    ...at('blank'),
    '--module',
    '0102030405FF',
  )
  await bench.fails(64, /only with --yes/, 'install', cap, ...at('blank'), '--privileges', '10')
  await bench.fails(64, /--sen: 1 to 15/, 'install', cap, ...at('blank'), '--sen', 'sixteen-letters!')
  const aids = ['--package', '0102030405', '--module', '010203040500']
  await bench.fails(
    1,
    /the package 0102030405 is not on the element\n.*\nNext: iose gp load/,
    'install',
    ...aids,
    ...at('blank'),
  )
  const json = JSON.parse(
    await bench.done('install', ...aids, ...at('blank'), '--dry-run', '--json'),
  ) as unknown
  assert.deepEqual(json, {
    ...{ seid: 'blank', outcome: 'would be installed', instance: '010203040500', module: '010203040500' },
    ...{ package: '0102030405', privileges: '00', parameterBytes: 0 },
  })
})

test('iose gp put-key: shows first, keeps the keys before it sends them, and opens a session with them', async () => {
  const file = bench.file('new.keys')
  const order = ['put-key', '--new-key-set', file, ...at('keys')]
  assert.match(
    await bench.done(...order, '--generate'),
    /would get the key set 30, .*nothing was changed: --yes does it/,
  )
  assert.equal(existsSync(file), false)
  await bench.fails(78, /no keys: ENOENT/, ...order, '--yes')
  const told = await bench.done(...order, '--generate', '--yes')
  assert.match(
    told,
    /^keys has the key set 30, check values ENC [0-9A-F]{6} MAC .*; a session with it was opened\n$/,
  )
  assert.equal(statSync(file).mode & 0o777, 0o600)
  await bench.fails(
    78,
    /cannot keep the new keys: EEXIST.*\nState: the element is as it was/s,
    ...order.slice(0, -1),
    '--key-set',
    file,
    '--generate',
    '--yes',
  )
  await bench.fails(1, /does not have these keys/, 'list', ...at('keys'))
  const own = ['--seid', 'keys', '--key-set', file]
  assert.equal(await bench.done('list', ...own, '--key-version', '30'), DOMAIN)
  await bench.fails(
    64,
    /has the version of the one in use/,
    'put-key',
    '--new-key-set',
    file,
    ...own,
    '--yes',
  )
  const [third, fourth] = [
    bench.file('third.keys', 'A1'.repeat(16)),
    bench.file('fourth.keys', 'B2'.repeat(16)),
  ]
  await bench.done('put-key', '--new-key-set', third, '--replace', ...own, '--yes')
  await bench.fails(1, /does not have these keys/, 'list', ...own)
  await bench.done(
    'put-key',
    '--new-key-set',
    fourth,
    '--new-key-version',
    '31',
    '--seid',
    'keys',
    '--key-set',
    third,
    '--yes',
  )
  for (const [keys, version] of [
    [third, '30'],
    [fourth, '31'],
  ])
    assert.equal(
      await bench.done('list', '--seid', 'keys', '--key-set', keys!, '--key-version', version!),
      DOMAIN,
    )
})

test('iose gp put-key: AES-256, and not for the set of the factory or with 3DES', async () => {
  const file = bench.file('long.keys', 'C3'.repeat(32))
  await bench.fails(
    64,
    /the set of the factory is not replaced/,
    'put-key',
    '--new-key-set',
    file,
    '--replace',
    ...at('keys256'),
    '--yes',
  )
  await bench.fails(
    64,
    /16 bytes \(3DES\)/,
    'put-key',
    '--new-key-set',
    file,
    ...at('old'),
    '--allow-scp02',
    '--yes',
  )
  await bench.done('put-key', '--new-key-set', file, ...at('keys256'), '--yes')
  assert.equal(await bench.done('list', '--seid', 'keys256', '--key-set', file), DOMAIN)
})

test('iose gp load: a connection that breaks in the middle leaves nothing, and says so', async () => {
  const cap = await bench.demoCap()
  const order = ['gp', 'load', cap, ...at('cut'), '--block-bytes', '16']
  let cutWhileLoading = 0
  for (const writes of [4, 7, 8, 9]) {
    await using relay = await CuttingRelay.start(bench.gateway.racsPort, writes)
    const said = await bench.iose(order, { port: relay.port })
    assert.equal(said.exitCode, 2, said.stderr)
    assert.match(said.stderr, /^State: (the element is as it was|loading of 0102030405 was not confirmed)/m)
    assert.match(said.stderr, /^Next: /m)
    if (said.stderr.includes('was not confirmed')) cutWhileLoading++
  }
  assert.ok(cutWhileLoading > 0)
  assert.equal(await bench.done('list', ...at('cut')), DOMAIN)
  const said = await bench.iose(order)
  assert.deepEqual([said.exitCode, said.stdout], [0, '0102030405 is on cut: 188 bytes\n'])
})

test('iose gp load: a package that the element does not take is not there, and the element says so itself', async () => {
  // javacard.framework 1.0, and a package that nobody has.
  const imports = component('Import', hex('02 | 00 01 07 A0000000620101 | 00 01 07 A0000000629999'))
  const strange = bench.file('strange.cap', archiveOf(await changedDemo({ Import: imports })))
  const order = ['load', strange, ...at('blank'), '--block-bytes', '16']
  await bench.fails(
    1,
    /LOAD, block 12 of 12: 6A80.*\nState: the package 0102030405 is not on the element; nothing else has changed\.\nNext: the imports/s,
    ...order,
  )
  assert.equal(await bench.done('list', ...at('blank')), DOMAIN)
})

test('iose gp load: shows how far it is to whoever looks at a terminal', needsScript, async (context) => {
  const cap = await bench.demoCap()
  const words = ['gp', 'load', cap, ...at('watched'), '--block-bytes', '16', ...bench.place()]
  const terminal = new Terminal(context, [process.execPath, IOSE, ...words], bench.env)
  await terminal.sees(/loading 0102030405 \[#{27}\.{13}\] 8\/12/)
  await terminal.sees(/\[#{40}\] 12\/12\r\x1b\[K/)
  await terminal.sees(/^0102030405 is on watched: 188 bytes\r?\n/)
  assert.equal(await terminal.closed(), 0)
})
