import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { Chain } from '../../src/audit/chain.ts'
import { statementOf } from '../../src/audit/record.ts'
import { AuditBench, KEY } from '../support/audit-bench.ts'

async function filled(count = 6): Promise<{ bench: AuditBench; lines: string[] }> {
  const bench = new AuditBench()
  await bench.fill(count)
  return { bench, lines: bench.lines() }
}

test('audit: a log that was written verifies, and its verdict tells from where to where', async () => {
  const { bench, lines } = await filled()
  const { records, first, last, findings } = await bench.verify()
  assert.deepEqual(findings, [])
  assert.deepEqual([records, first?.sequence, last?.sequence], [7, 1, 7])
  assert.match(first?.at ?? '', /^2026-01-31T12:00:0\d\.000Z$/)
  assert.ok(lines[6]?.includes(`"hash":"${last?.hash}"`))
})

test('audit: every change of one byte is found, and at its line', async () => {
  const { bench } = await filled(3)
  const whole = bench.read()
  for (let at = 0; at < whole.length; at++) {
    const line = whole.slice(0, at).split('\n').length
    const change = [0x01, 0x20, 0x80][at % 3] ?? 1
    const byte = String.fromCharCode(whole.charCodeAt(at) ^ change)
    bench.write(whole.slice(0, at) + byte + whole.slice(at + 1))
    const { findings } = await bench.verify()
    assert.equal(findings[0]?.line, line, `byte ${at} ^ ${change}`)
  }
})

test('audit: one changed byte within a record is one finding', async () => {
  const { bench, lines } = await filled()
  const [third = ''] = lines.slice(2)
  for (const [from, to] of [
    ['"n":2', '"n":7'],
    ['"seq":3', '"seq":9'],
    ['"hash":"', '"hash":"'],
    ['12:00', '12:01'],
  ]) {
    bench.writeLines(lines.with(2, third.replace(from ?? '', to ?? '')))
    assert.deepEqual(await bench.findings(), from === to ? [] : ['3 edited'], from)
  }
  bench.writeLines(lines.with(2, third.replace(/"hash":"./, '"hash":"x')))
  assert.deepEqual(await bench.findings(), ['3 edited'])
  bench.writeLines(lines.with(2, third.replace(/"mac":"./, '"mac":"x')))
  assert.deepEqual(await bench.findings(), ['3 unkeyed'])
  bench.writeLines(lines.with(2, third.replace('{', ' ')))
  assert.deepEqual(await bench.findings(), ['3 form'])
})

test('audit: every line that is deleted is named', async () => {
  const { bench, lines } = await filled()
  bench.writeLines(lines.toSpliced(0, 1))
  assert.deepEqual(await bench.findings(), ['1 order'])
  for (let at = 1; at < lines.length - 1; at++) {
    bench.writeLines(lines.toSpliced(at, 1))
    const { findings } = await bench.verify()
    assert.equal(findings.length, 1)
    assert.equal(findings[0]?.line, at + 1)
    assert.equal(findings[0].text, `record ${at + 1} is missing before record ${at + 2}`)
  }
  bench.writeLines(lines.toSpliced(2, 3))
  assert.equal((await bench.verify()).findings[0]?.text, 'records 3 to 5 are missing before record 6')
})

test('audit: every line that is there twice, or in another place, or foreign is named', async () => {
  const { bench, lines } = await filled()
  const foreign = new AuditBench()
  await foreign.fill(6, { name: 'other' })
  for (let at = 0; at < lines.length; at++) {
    bench.writeLines(lines.toSpliced(at, 0, lines[at] ?? ''))
    assert.deepEqual((await bench.verify()).findings[0]?.line, at + 2, `twice ${at}`)
    bench.writeLines(lines.toSpliced(at, 0, '{"seq":1}'))
    assert.deepEqual(await bench.findings(), [`${at + 1} form`], `inserted ${at}`)
    bench.writeLines(lines.with(at, foreign.lines()[at] ?? ''))
    const { findings } = await bench.verify()
    // Any log of this key may begin with the first one.
    assert.equal(findings[0]?.line, Math.max(2, at + 1), `foreign ${at}`)
  }
  for (let at = 0; at < lines.length - 1; at++) {
    const [one = '', two = ''] = lines.slice(at)
    bench.writeLines(lines.toSpliced(at, 2, two, one))
    assert.equal((await bench.verify()).findings[0]?.line, at + 1, `swapped ${at}`)
  }
})

test('audit: a log that is cut at a line is found out by a published head, and by nothing else', async () => {
  const { bench, lines } = await filled()
  const { last } = await bench.verify()
  assert.ok(last !== undefined)
  bench.writeLines(lines.slice(0, 5))
  assert.deepEqual(await bench.findings(), [])
  assert.deepEqual(await bench.findings({ heads: [last] }), ['5 cut'])
  bench.writeLines(lines)
  assert.deepEqual(await bench.findings({ heads: [last] }), [])
  assert.deepEqual(await bench.findings({ heads: [{ ...last, sequence: 4 }, last] }), ['4 rewritten'])
})

test('audit: a log that is cut within a line is found at any length', async () => {
  const { bench } = await filled(2)
  const whole = bench.read()
  for (let length = 1; length < whole.length; length++) {
    bench.write(whole.slice(0, length))
    const isWhole = whole[length - 1] === '\n'
    const lines = whole.slice(0, length).split('\n').length
    assert.deepEqual(await bench.findings(), isWhole ? [] : [`${lines} torn`], `${length} bytes`)
  }
})

test('audit: another key fits no record, and a log that was written anew without it is found from there on', async () => {
  const { bench, lines } = await filled()
  const wrong = await bench.verify({ key: KEY.toReversed() })
  assert.deepEqual(
    wrong.findings.map(({ kind }) => kind),
    Array(7).fill('unkeyed'),
  )
  assert.match(wrong.findings[0]?.text ?? '', /not the key of the log/)
  const forger = new Chain(new Uint8Array(32))
  let link = { sequence: 4, hash: /"hash":"(\w+)/.exec(lines[3] ?? '')?.[1] ?? '' }
  const forged = [5, 6, 7].map((n) => {
    const { line, link: next } = forger.next(link, statementOf(0, 'lease.granted', { n }))
    link = next
    return line.toString().trimEnd()
  })
  bench.writeLines([...lines.slice(0, 4), ...forged])
  assert.deepEqual(await bench.findings(), ['5 unkeyed', '6 unkeyed', '7 unkeyed'])
  assert.deepEqual(await bench.findings({ key: undefined }), [], 'the hashes alone say nothing')
})

test('audit: whatever is changed at random is found (property)', async () => {
  const { bench } = await filled(8)
  const whole = bench.read()
  const { last } = await bench.verify()
  const heads = last === undefined ? [] : [last]
  const spot = fc.nat({ max: whole.length - 1 })
  const edit = fc.record({
    at: spot,
    remove: fc.integer({ min: 0, max: 900 }),
    insert: fc.string({ maxLength: 40 }),
  })
  const property = fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
    let text = whole
    for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove)
    bench.write(text)
    const isSame = Buffer.from(text, 'latin1').equals(Buffer.from(whole, 'latin1'))
    const { findings } = await bench.verify({ heads })
    assert.equal(findings.length === 0, isSame)
  })
  await fc.assert(property, { numRuns: 400, seed: 20_260_131 })
})

test('audit: a file that is gone from the middle is named; gone from the beginning, the log starts later', async () => {
  const bench = new AuditBench()
  await bench.fill(20, { maxFileBytes: 2000 })
  const names = bench.files
  assert.ok(names.length > 3)
  const whole = await bench.verify()
  assert.deepEqual([whole.findings, whole.first?.sequence], [[], 1])
  const second = bench.read(names[1])
  rmSync(join(bench.path, names[1] ?? ''))
  const { findings } = await bench.verify()
  assert.match(findings[0]?.path ?? '', /audit-000002\.jsonl$/)
  assert.match(findings[1]?.text ?? '', /records \d+ to \d+ are missing before record/)
  bench.write(second, names[1])
  rmSync(join(bench.path, names[0] ?? ''))
  const later = await bench.verify({ heads: [{ sequence: 1, hash: 'a'.repeat(64) }] })
  assert.deepEqual([later.findings, later.tooOld.length], [[], 1])
  assert.ok((later.first?.sequence ?? 0) > 1)
})
