import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test, { after, before } from 'node:test'
import { at, blank, DOMAIN, GpBench, TEST_KEY } from '../support/gp-bench.ts'
import { iose } from '../support/iose.ts'

let bench: GpBench
before(async () => {
  bench = await GpBench.start(
    ['blank', 'wrong'].map((seid) => blank(seid)).join('') + blank('old', 'scp = "scp02"\n'),
  )
})
after(() => bench[Symbol.asyncDispose]())

test('iose gp info: tells what the element is, and tries no key', async () => {
  const text = await bench.done('info', '--seid', 'old')
  assert.match(text, /^security domain {4}A000000151000000\n/)
  assert.match(text, /^secure channels {4}SCP02 i=55$/m)
  assert.match(text, /^key set FF {9}1 3DES-128, 2 3DES-128, 3 3DES-128 {2}\(of the factory\)$/m)
  const told = JSON.parse(await bench.done('info', '--seid', 'blank', '--json')) as Record<string, unknown>
  assert.equal(told['isd'], 'A000000151000000')
  assert.deepEqual(told['recognition'], { version: '2.3', protocols: [{ scp: 3, i: 0x70 }] })
})

test('iose gp: says what is missing before it asks anybody', async () => {
  const said = await iose(['gp'])
  assert.equal(said.exitCode, 64)
  assert.match(said.stderr, /gp: a subcommand is missing; there are info, list/)
  await bench.fails(64, /unknown subcommand 'lst'/, 'lst')
  await bench.fails(64, /--seid is missing/, 'list')
  await bench.fails(64, /no keys: they are never guessed.*\nNext: --key-set FILE/, 'list', '--seid', 'blank')
  await bench.fails(64, /several key sets; give one/, 'list', ...at('blank'), '--key-set', 'x')
  await bench.fails(78, /no keys: ENOENT/, 'list', '--seid', 'blank', '--key-set', bench.file('absent'))
  await bench.fails(
    78,
    /there is no NO_KEYS_HERE/,
    'list',
    '--seid',
    'blank',
    '--key-set-env',
    'NO_KEYS_HERE',
  )
  for (const content of ['', TEST_KEY.slice(2), `${TEST_KEY} ${TEST_KEY}`, `${TEST_KEY} x ${TEST_KEY}`]) {
    const file = bench.file('bad.keys', content)
    await bench.fails(
      78,
      /bad\.keys holds no key set: one key or three/,
      'list',
      '--seid',
      'blank',
      '--key-set',
      file,
    )
  }
  await bench.fails(64, /--level 02: there are 00, 01/, 'list', ...at('blank'), '--level', '02')
  await bench.fails(64, /--key-version 80/, 'list', ...at('blank'), '--key-version', '80')
  await bench.fails(64, /--diversify emv2/, 'list', ...at('blank'), '--diversify', 'emv2')
  await bench.fails(64, /delete 0102: an AID has 10 to 32 hex digits/, 'delete', '0102', ...at('blank'))
  await bench.fails(64, /--isd 01: an AID/, 'info', '--seid', 'blank', '--isd', '01')
})

test('iose gp list: with keys from a file, from standard input and from the environment, at each level', async () => {
  const { seid, file } = {
    seid: ['--seid', 'blank'],
    file: bench.file('three.keys', `${TEST_KEY}\n${TEST_KEY}\n${TEST_KEY}\n`),
  }
  for (const level of ['00', '01', '03', '11', '13', '33'])
    assert.equal(await bench.done('list', ...seid, '--key-set', file, '--level', level), DOMAIN)
  const said = await bench.iose(['gp', 'list', ...seid, '--key-set', '-'], { input: `${TEST_KEY}\n` })
  assert.deepEqual([said.exitCode, said.stdout, said.stderr], [0, DOMAIN, ''])
  process.env['IOSE_TEST_KEYS'] = TEST_KEY
  assert.equal(await bench.done('list', ...seid, '--key-set-env', 'IOSE_TEST_KEYS'), DOMAIN)
})

test('iose gp list: SCP02 is refused until somebody allows it', async () => {
  await bench.fails(
    1,
    /speaks SCP02, which rests on DES.*\nState: the element is as it was.*\nNext:.*--allow-scp02/s,
    'list',
    ...at('old'),
  )
  for (const level of ['00', '01', '03'])
    assert.equal(await bench.done('list', ...at('old'), '--allow-scp02', '--level', level), DOMAIN)
  await bench.fails(
    1,
    /SCP02 has the levels 00, 01 and 03/,
    'list',
    ...at('old'),
    '--allow-scp02',
    '--level',
    '33',
  )
})

test('iose gp load: files that are none are told before the element is asked', async () => {
  await bench.fails(64, /absent\.cap: ENOENT/, 'load', bench.file('absent.cap'), ...at('blank'))
  await bench.fails(64, /no\.cap: .*zip/i, 'load', bench.file('no.cap', 'this is no archive'), ...at('blank'))
  const cut = bench.file('cut.cap', readFileSync(await bench.demoCap()).subarray(0, 900))
  await bench.fails(64, /cut\.cap: /, 'load', cut, ...at('blank'))
  await bench.fails(
    64,
    /too-large|bytes are more than/,
    'load',
    bench.file('big.cap', new Uint8Array(4_194_305)),
    ...at('blank'),
  )
  const dry = await bench.done('load', await bench.demoCap(), '--seid', 'nobody', '--dry-run')
  assert.match(dry, /^needs {5}a simulator: it imports a package that no card has$/m)
  const there = readFileSync(bench.file('demo.cap'))
  await bench.fails(78, /cannot write the CAP file: EEXIST/, 'demo-cap', bench.file('demo.cap'))
  assert.deepEqual(readFileSync(bench.file('demo.cap')), there)
})

test('iose gp: wrong keys are found out before the element counts a try', async () => {
  const wrong = bench.file('wrong.keys', 'FF'.repeat(16))
  await bench.fails(
    1,
    /wrong: the element does not have these keys \(SCP03, key version FF, diversification data [0-9A-F]{20}\)/,
    ...['list', '--seid', 'wrong', '--key-set', wrong],
  )
  await bench.fails(
    1,
    /INITIALIZE UPDATE: 6A88: it has no key set of this version/,
    'list',
    ...at('wrong'),
    '--key-version',
    '31',
  )
  assert.equal(await bench.done('list', ...at('wrong')), DOMAIN)
})

test('iose gp: neither keys nor the commands of a session are in the log of the gateway', () => {
  const log = JSON.stringify(bench.gateway.lines)
  for (const secret of [TEST_KEY, 'FF'.repeat(16), 'C3'.repeat(16), '80500000', '8482'])
    assert.ok(!log.includes(secret), secret)
})
