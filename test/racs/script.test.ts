// The order of things within a session, in both dialects; commands are answered by a stub.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { DialectName } from '../../src/racs/dialect.ts'
import { RequestError } from '../../src/racs/errors.ts'
import { MAX_LINE_BYTES } from '../../src/racs/grammar.ts'
import type { Execute } from '../../src/racs/script.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import { scriptRun } from '../support/script-run.ts'

const BOTH: readonly DialectName[] = ['draft', 'reference']

/** ECHO answers, SHUTDOWN fails. */
const stub: Execute = (name, [first = '']) => {
  if (name === 'SHUTDOWN') throw new LeaseError('lease.busy', 'held by a for 1 s')
  return first
}

for (const dialect of BOTH) {
  const separator = dialect === 'reference' ? ' ' : ''

  test(`script ${dialect}: a request without a command is +001 on line 0`, async () => {
    const { take } = scriptRun(dialect)
    assert.deepEqual(await take('BEGIN', 'END'), [`BEGIN${separator}\r\n+001 000 No error\r\nEND\r\n`])
    assert.deepEqual(await take('BEGIN a\r', 'END\r'), ['BEGIN a\r\n+001 000 No error\r\nEND\r\n'])
  })

  test(`script ${dialect}: lines with APPEND stay, of the others only the last one does`, async () => {
    const { take } = scriptRun(dialect)
    const lines = ['ECHO a', 'ECHO b APPEND', 'ECHO c', 'ECHO d APPEND', 'ECHO e']
    assert.deepEqual(await take('BEGIN t', ...lines, 'END'), [
      'BEGIN t\r\n+009 002 b\r\n+009 004 d\r\n+009 005 e\r\nEND\r\n',
    ])
    assert.deepEqual(await take('BEGIN t', 'ECHO a', 'ECHO b APPEND', 'END'), [
      'BEGIN t\r\n+009 002 b\r\nEND\r\n',
    ])
  })

  test(`script ${dialect}: APPEND is one as the last token only, in upper case, and never a parameter`, async () => {
    const seen: (readonly string[])[] = []
    const { take } = scriptRun(dialect, (_name, parameters) => {
      seen.push(parameters)
      return 'x'
    })
    await take('BEGIN', 'ECHO a APPEND', 'ECHO APPEND b', 'ECHO append', 'ECHO APPEND', 'ECHO  a  b ', 'END')
    assert.deepEqual(seen, [['a'], ['APPEND', 'b'], ['append'], [], ['a', 'b']])
  })

  test(`script ${dialect}: the next request starts from line 1, without name and answers of the last`, async () => {
    const { take } = scriptRun(dialect)
    await take('BEGIN first', 'ECHO a APPEND', 'ECHO b APPEND', 'END')
    assert.deepEqual(await take('BEGIN', 'ECHO c', 'END'), [`BEGIN${separator}\r\n+009 001 c\r\nEND\r\n`])
  })

  test(`script ${dialect}: a command is executed when its line comes, not at END`, async () => {
    const seen: string[] = []
    const { take } = scriptRun(dialect, (name) => {
      seen.push(name)
      return ''
    })
    await take('BEGIN', 'LIST')
    assert.deepEqual(seen, ['LIST'])
  })

  test(`script ${dialect}: after an error no command is executed up to END`, async () => {
    const seen: string[] = []
    const { take } = scriptRun(dialect, (name) => {
      seen.push(name)
      throw new RequestError('request.syntax', 'no')
    })
    await take('BEGIN', 'LIST', 'ECHO a', 'BEGIN', 'FOO', 'END')
    assert.deepEqual(seen, ['LIST'])
    await take('BEGIN', 'ECHO', 'END')
    assert.deepEqual(seen, ['LIST', 'ECHO'])
  })

  test(`script ${dialect}: an error is told once, with its status`, async () => {
    const { take, failures } = scriptRun(dialect, stub)
    await take('BEGIN', 'SHUTDOWN 0', 'SHUTDOWN 0', 'END', 'BEGIN', 'END')
    assert.deepEqual(failures, ['-707 in use: held by a for 1 s'])
  })

  test(`script ${dialect}: an unknown error is a system error, and its text stays inside`, async () => {
    const { take } = scriptRun(dialect, () => {
      throw new Error('secret')
    })
    const [response = ''] = await take('BEGIN', 'ECHO', 'END')
    assert.match(response, /\r\n-909 001 system error, /)
    assert.doesNotMatch(response, /secret/)
  })

  test(`script ${dialect}: a request name of 64 characters is echoed, one of 65 is refused`, async () => {
    const name = 'n'.repeat(64)
    const { take } = scriptRun(dialect)
    assert.deepEqual(await take(`BEGIN ${name}`, 'END'), [`BEGIN ${name}\r\n+001 000 No error\r\nEND\r\n`])
    const code = dialect === 'draft' ? '301' : '302'
    const [response = ''] = await take(`BEGIN ${name}n`, 'END')
    assert.match(response, new RegExp(`^BEGIN ?\\r\\n-${code} 000 [^\\r]+\\r\\nEND\\r\\n$`))
  })

  test(`script ${dialect}: 10,000 lines are a request, the next one is -5yz`, async () => {
    const { take } = scriptRun(dialect)
    const lines = Array<string>(10_000).fill('ECHO x')
    assert.deepEqual(await take('BEGIN t', ...lines, 'END'), ['BEGIN t\r\n+009 10000 x\r\nEND\r\n'])
    const [response = ''] = await take('BEGIN t', ...lines, 'LIST', 'END')
    assert.match(response, /^BEGIN t\r\n-504 10001 [^\r]+\r\nEND\r\n$/)
  })

  test(`script ${dialect}: QUIT and XEND end the session with the response at END, not before`, async () => {
    for (const quit of ['QUIT', 'XEND']) {
      const { respond } = scriptRun(dialect, () => quit)
      assert.deepEqual(await respond('BEGIN', quit, 'ECHO'), [])
      const [response] = await respond('END')
      assert.ok(response !== 'close' && response?.closes === true)
    }
  })

  test(`script ${dialect}: a QUIT that fails ends nothing`, async () => {
    const { respond } = scriptRun(dialect, (name) => {
      if (name === 'QUIT') throw new RequestError('request.syntax', 'no')
      return ''
    })
    const responses = await respond('BEGIN', 'QUIT x', 'END', 'BEGIN', 'ECHO', 'END')
    assert.deepEqual(
      responses.map((response) => response !== 'close' && response.closes),
      [false, false],
    )
  })

  test(`script ${dialect}: isIdle is true between requests only`, async () => {
    const { script, take } = scriptRun(dialect, stub)
    assert.ok(script.isIdle)
    await take('BEGIN')
    assert.ok(!script.isIdle)
    await take('SHUTDOWN 0')
    assert.ok(!script.isIdle)
    await take('END')
    assert.ok(script.isIdle)
  })

  test(`script ${dialect}: an overlong line within a request answers it, keeping what the dialect keeps`, async () => {
    const { script, take } = scriptRun(dialect)
    await take('BEGIN t', 'ECHO a APPEND', 'ECHO b')
    const { id, statuses, closes } = script.overlong(MAX_LINE_BYTES)
    assert.equal(id, 't')
    const kept = dialect === 'draft' ? [{ sign: '+', code: '009', line: 1, text: 'a' }] : []
    const text = 'line of more than 16384 bytes'
    assert.deepEqual(statuses, [...kept, { sign: '-', code: '500', line: 3, text }])
    assert.ok(closes)
  })

  test(`script ${dialect}: an overlong line outside of a request repeats nothing of the last one`, async () => {
    const { script, take } = scriptRun(dialect)
    await take('BEGIN t', 'ECHO a APPEND', 'ECHO b APPEND', 'END')
    const text = 'line of more than 16384 bytes'
    assert.deepEqual(script.overlong(MAX_LINE_BYTES), {
      id: undefined,
      statuses: [{ sign: '-', code: '500', line: 0, text }],
      closes: true,
    })
  })
}
