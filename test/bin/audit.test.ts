// `iose audit` as its users run it.

import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { AuditBench, KEY } from '../support/audit-bench.ts'
import { iose, type Said } from '../support/iose.ts'

async function bench(): Promise<{
  log: AuditBench
  keyFile: string
  verify: (...args: string[]) => Promise<Said>
}> {
  const log = new AuditBench()
  await log.fill(5)
  const keyFile = join(dirname(log.path), 'key')
  writeFileSync(keyFile, `${Buffer.from(KEY).toString('hex')}\n`)
  const verify = (...args: string[]) =>
    iose(['audit', 'verify', '--dir', log.path, '--key-file', keyFile, ...args])
  return { log, keyFile, verify }
}

test('iose audit verify: says how many records from when to when, and the head, which it takes back', async () => {
  const { verify } = await bench()
  const said = await verify()
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  const form = /^6 records, from 2026-01-31T12:00:\S+Z to 2026-01-31T12:00:\S+Z, head (6:[0-9a-f]{64})\n$/
  const head = form.exec(said.stdout)?.[1] ?? ''
  assert.notEqual(head, '', said.stdout)
  assert.deepEqual(await verify('--head', head, '--quiet'), { exitCode: 0, stdout: '', stderr: '' })
  const json = JSON.parse((await verify('--json')).stdout) as {
    isGood: boolean
    isKeyChecked: boolean
    records: number
  }
  assert.deepEqual([json.isGood, json.isKeyChecked, json.records], [true, true, 6])
})

test('iose audit verify: names file and line of what is wrong, what it means and what to do', async () => {
  const { log, verify } = await bench()
  const lines = log.lines()
  log.writeLines(lines.with(3, (lines[3] ?? '').replace('sim1', 'sim2')))
  const said = await verify()
  assert.deepEqual([said.exitCode, said.stdout], [1, ''])
  assert.match(said.stderr, /audit-000001\.jsonl:4: the record is not as it was written/)
  assert.match(said.stderr, /has changed it after it was written\.\nNext: compare with a copy/)
  log.writeLines(lines.slice(0, 4))
  const cut = await verify('--head', `6:${'0'.repeat(64)}`)
  assert.equal(cut.exitCode, 1)
  assert.match(cut.stderr, /audit-000001\.jsonl:4: the log ends with record 4, and record 6 was published/)
})

test('iose audit verify: without a key it checks the hashes, and says loudly what it cannot see', async () => {
  const { log, keyFile } = await bench()
  const args = ['audit', 'verify', '--dir', log.path, '--state-dir', dirname(log.path)]
  const said = await iose(args)
  assert.equal(said.exitCode, 0)
  assert.match(said.stdout, /^6 records/)
  assert.match(said.stderr, /WARNING: no key .*CANNOT be seen/)
  rmSync(keyFile)
  const missing = await iose([...args, '--key-file', keyFile])
  assert.deepEqual([missing.exitCode, missing.stdout], [78, ''])
  writeFileSync(keyFile, 'no key')
  assert.match((await iose([...args, '--key-file', keyFile])).stderr, /must hold 64 hex digits/)
})

test('iose audit verify: another key, a log that starts later, no log', async () => {
  const { log, keyFile, verify } = await bench()
  writeFileSync(keyFile, `${'11'.repeat(32)}\n`)
  const said = await verify()
  assert.equal(said.exitCode, 1)
  assert.match(said.stderr, /:1: its MAC does not fit: this is not the key of the log/)
  const rotated = new AuditBench()
  await rotated.fill(20, { maxFileBytes: 3000 })
  rmSync(join(rotated.path, 'audit-000001.jsonl'))
  const later = await iose(['audit', 'verify', '--dir', rotated.path, '--head', `1:${'0'.repeat(64)}`])
  assert.equal(later.exitCode, 0, later.stderr)
  assert.match(later.stdout, /starts at record \d+: .*\nnot checked: head 1, older than what is here\n$/)
  rmSync(log.path, { recursive: true })
  const none = await verify()
  assert.deepEqual([none.exitCode, none.stdout], [78, ''])
  assert.match(none.stderr, /cannot read the log in .*\nNext: --dir or --state-dir/)
})

test('iose audit show: the records that are wanted, one a line, harmless for a terminal', async () => {
  const { log } = await bench()
  {
    await using more = await log.open()
    await more.record('session.closed', { seid: 'sim2', cause: 'a "b"\u001b[1m', last: true })
  }
  const show = (...args: string[]) => iose(['audit', 'show', '--dir', log.path, ...args])
  const all = (await show()).stdout.split('\n')
  assert.equal(all.length, 8)
  assert.match(all[1] ?? '', /^2 2026-\S+Z lease\.granted n=1 seid=sim1$/)
  assert.match(all[6] ?? '', /^7 \S+ session\.closed cause="a \\"b\\"\\u001b\[1m" last=true seid=sim2$/)
  for (const args of [
    ['--event', 'session'],
    ['--event', 'session.closed'],
    ['--seid', 'sim2'],
  ]) {
    assert.equal((await show(...args)).stdout, `${all[6]}\n`, args.join(' '))
  }
  assert.equal((await show('--from', '2026-02-01')).stdout, '')
  assert.equal((await show('--json')).stdout, log.read())
})

test('iose audit: misuse is told as misuse, and help has an example', async () => {
  for (const args of [
    [],
    ['look'],
    ['verify', 'x'],
    ['verify', '--head', '1:2'],
    ['show', '--from', 'never'],
  ]) {
    assert.equal((await iose(['audit', ...args])).exitCode, 64, args.join(' '))
  }
  const help = await iose(['audit', '--help'])
  assert.match(help.stdout, /Example: iose audit verify/)
})
