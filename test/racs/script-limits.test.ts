// How long a response may be, and how much memory a request may take.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DIALECTS } from '../../src/racs/dialect.ts'
import { LineAssembler } from '../../src/racs/grammar.ts'
import { scriptRun } from '../support/script-run.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const LIMITS = { draft: 1_048_576, reference: 8_192 } as const

for (const dialect of ['draft', 'reference'] as const) {
  const limit = LIMITS[dialect]
  const code = dialect === 'draft' ? '909' : '001'

  test(`script ${dialect}: status lines of ${limit} characters are a response, one more is refused`, async () => {
    const { take } = scriptRun(dialect, (_name, [length]) => 'x'.repeat(Number(length)))
    const [one = ''] = await take('BEGIN t', 'ECHO 1', 'END')
    const frame = 'BEGIN t\r\nEND\r\n'.length
    const most = limit + frame - one.length + 1
    const [whole = ''] = await take('BEGIN t', `ECHO ${most}`, 'END')
    assert.equal(whole.length, limit + frame)
    assert.ok(whole.startsWith('BEGIN t\r\n+009 001 x'))
    const text = `response of more than ${limit} bytes`
    const [refused] = await take('BEGIN t', `ECHO ${most + 1}`, 'END')
    assert.equal(refused, `BEGIN t\r\n-${code} 001 ${text}\r\nEND\r\n`)
  })

  test(`script ${dialect}: lines with APPEND count together, replaced ones do not count`, async () => {
    const { take } = scriptRun(dialect, (_name, [length]) => 'x'.repeat(Number(length)))
    const half = limit / 2
    assert.equal((await take('BEGIN', `ECHO ${half}`, `ECHO ${half}`, `ECHO ${half}`, 'END')).length, 1)
    const [kept = ''] = await take(
      'BEGIN',
      `ECHO ${half} APPEND`,
      `ECHO ${half - 100} APPEND`,
      'ECHO 1',
      'END',
    )
    assert.ok(kept.length > limit - 100 && kept.length <= limit)
    const [refused = ''] = await take('BEGIN', `ECHO ${half} APPEND`, `ECHO ${half}`, 'END')
    assert.ok(refused.includes(`-${code} 002 `))
    assert.equal(refused.includes('+009 001 x'), dialect === 'draft')
  })

  test(`script ${dialect}: line numbers of four and five digits count as what they are`, async () => {
    const { take } = scriptRun(dialect, (_name, [text = '']) => text)
    const lines = Array<string>(1_200).fill('ECHO')
    const text = 'x'.repeat(dialect === 'draft' ? 150 : 50)
    // More of these, from line 1,201 on, than fit.
    while (lines.length < 10_000) lines.push(`ECHO ${text} APPEND`)
    const [response = ''] = await take('BEGIN', ...lines, 'END')
    const error = response.slice(response.lastIndexOf('\r\n-'))
    assert.ok(error.startsWith(`\r\n-${code} `), error)
    const kept = response.length - 'BEGIN'.length - error.length
    assert.ok(kept <= limit, `${kept} characters`)
    if (dialect === 'draft') assert.ok(kept > limit - 170, `${kept} characters`)
  })
}

test('script: the limits are those of the table of dialects', () => {
  for (const dialect of ['draft', 'reference'] as const) {
    assert.equal(DIALECTS[dialect].maxResponseBytes, LIMITS[dialect])
  }
})

test('script: a line with APPEND keeps its answer in memory, not the line that it came from', async () => {
  const { take } = scriptRun('draft')
  const assembler = new LineAssembler()
  const blanks = ' '.repeat(16_000)
  await take('BEGIN')
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  for (let line = 0; line < 1_000; line++) {
    assembler.push(Buffer.from(`ECHO 0123456789ABCDEF${blanks} APPEND\n`))
    await take(assembler.next()!)
  }
  collectGarbage()
  const keptBytes = process.memoryUsage().heapUsed - before
  assert.ok(keptBytes < 2_000_000, `${keptBytes} bytes kept`)
  assert.match((await take('END'))[0]!, /^BEGIN\r\n\+009 001 0123456789ABCDEF\r\n/)
})
