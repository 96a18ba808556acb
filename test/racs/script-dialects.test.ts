// Where the dialects go different ways within a session; commands are answered by a stub.

import assert from 'node:assert/strict'
import test from 'node:test'
import { MAX_LINE_BYTES } from '../../src/racs/grammar.ts'
import type { Execute } from '../../src/racs/script.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import { scriptRun } from '../support/script-run.ts'

/** ECHO answers, SHUTDOWN fails. */
const stub: Execute = (name, [first = '']) => {
  if (name === 'SHUTDOWN') throw new LeaseError('lease.busy', 'held by a for 1 s')
  return first
}

test('script draft: an error keeps what has APPEND, drops what has not, and comes at END', async () => {
  const { take } = scriptRun('draft', stub)
  assert.deepEqual(await take('BEGIN t', 'ECHO a APPEND', 'ECHO b', 'SHUTDOWN 0', 'ECHO c APPEND'), [])
  assert.deepEqual(await take('END'), [
    'BEGIN t\r\n+009 001 a\r\n-707 003 in use: held by a for 1 s\r\nEND\r\n',
  ])
})

test('script reference: an error comes at once and alone, and END after it is not answered', async () => {
  const { take } = scriptRun('reference', stub)
  assert.deepEqual(await take('BEGIN t', 'ECHO a APPEND', 'SHUTDOWN 0'), [
    'BEGIN t\r\n-707 002 in use: held by a for 1 s\r\nEND\r\n',
  ])
  assert.deepEqual(await take('ECHO c APPEND', 'BEGIN', 'END'), [])
  assert.deepEqual(await take('BEGIN u', 'END'), ['BEGIN u\r\n+001 000 No error\r\nEND\r\n'])
})

test('script draft: an overlong line after an error leaves the response that waits for END as it is', async () => {
  const { script, take } = scriptRun('draft', stub)
  await take('BEGIN t', 'ECHO a APPEND', 'SHUTDOWN 0', 'ECHO b')
  assert.deepEqual(script.overlong(MAX_LINE_BYTES), {
    id: 't',
    statuses: [
      { sign: '+', code: '009', line: 1, text: 'a' },
      { sign: '-', code: '707', line: 2, text: 'in use: held by a for 1 s' },
    ],
    closes: true,
  })
})

test('script draft: a second BEGIN is -301 at END, and does not end the session', async () => {
  const { respond, take } = scriptRun('draft')
  assert.deepEqual(await take('BEGIN t', 'BEGIN u', 'ECHO'), [])
  const [response] = await respond('END')
  assert.ok(response !== 'close' && response?.closes === false && response.id === 't')
  assert.deepEqual(
    response.statuses.map(({ sign, code, line }) => `${sign}${code} ${line}`),
    ['-301 1'],
  )
})

for (const { what, lines, text } of [
  { what: 'a second BEGIN', lines: ['BEGIN t', 'BEGIN u'], text: 'BEGIN t\r\n-301 001 ' },
  { what: 'an unknown command', lines: ['BEGIN t', 'FOO 0'], text: 'BEGIN t\r\n-900 001 ' },
  { what: 'a line without BEGIN', lines: ['LIST'], text: 'BEGIN\r\n-300 000 ' },
  { what: 'END without BEGIN', lines: ['END'], text: 'BEGIN\r\n-300 000 ' },
  { what: 'a name of 65 characters', lines: [`BEGIN ${'n'.repeat(65)}`], text: 'BEGIN \r\n-302 000 ' },
]) {
  test(`script reference: ${what} is answered at once and ends the session`, async () => {
    const [closing] = await scriptRun('reference').respond(...lines)
    assert.ok(closing !== 'close' && closing?.closes === true)
    assert.ok((await scriptRun('reference').take(...lines))[0]?.startsWith(text))
  })
}

test('script draft: stray lines are answered once, and a BEGIN makes an end of them', async () => {
  const { take } = scriptRun('draft')
  const stray = 'BEGIN\r\n-300 000 BEGIN is expected\r\nEND\r\n'
  assert.deepEqual(await take('LIST', 'ECHO a', 'BEGIN t', 'END'), [
    stray,
    'BEGIN t\r\n+001 000 No error\r\nEND\r\n',
  ])
  // With an END, the stray lines are over: one more is told again.
  assert.deepEqual(await take('LIST', 'ECHO a', 'END', 'LIST'), [stray, stray])
  assert.deepEqual(await take('END', 'END'), [stray])
})

test('script draft: an unknown command is -100 at END, and does not end the session', async () => {
  const { respond, take } = scriptRun('draft')
  const [response] = await respond('BEGIN', 'foo', 'END')
  assert.ok(response !== 'close' && response?.closes === false)
  assert.deepEqual(await take('BEGIN', 'list', 'END'), ['BEGIN\r\n-100 001 unknown command\r\nEND\r\n'])
})

for (const { what, line } of [
  { what: 'a tab', line: 'ECHO\ta' },
  { what: 'NUL', line: 'ECHO \x00' },
  { what: 'DEL', line: 'ECHO \x7f' },
  { what: 'a byte above 7F', line: 'ECHO \xe9' },
  { what: 'a CR within', line: 'ECHO a\rb' },
  { what: 'two CR at its end', line: 'ECHO a\r\r' },
]) {
  test(`script draft: a line with ${what} is -5yz`, async () => {
    const [response = ''] = await scriptRun('draft').take('BEGIN', line, 'END')
    assert.match(response, /^BEGIN\r\n-50[09] 001 only printable ASCII is text\r\nEND\r\n$/)
  })
}

test('script reference: bytes of any kind are text, in names and answers', async () => {
  const { take } = scriptRun('reference')
  assert.deepEqual(await take('BEGIN t\xe9\r', 'ECHO \xff\xfe\x01\r', 'END\r'), [
    'BEGIN t\xe9\r\n+009 001 \xff\xfe\x01\r\nEND\r\n',
  ])
})

test('script draft: a name that is not printable, and a second one, are -301 at END', async () => {
  for (const begin of ['BEGIN \xe9', 'BEGIN a\tb', 'BEGIN a b']) {
    const { take } = scriptRun('draft')
    assert.deepEqual(await take(begin, 'ECHO a'), [])
    assert.match((await take('END'))[0]!, /^BEGIN\r\n-301 000 [^\r]+\r\nEND\r\n$/)
    assert.deepEqual(await take('BEGIN b', 'END'), ['BEGIN b\r\n+001 000 No error\r\nEND\r\n'])
  }
})

test('script draft: empty lines are ignored wherever they stand', async () => {
  const { take } = scriptRun('draft')
  const lines = ['', '\r', '  ', 'BEGIN', '', '\r', 'ECHO a', ' \r', 'END', '']
  assert.deepEqual(await take(...lines), ['BEGIN\r\n+009 001 a\r\nEND\r\n'])
})

test('script reference: an empty line ends the session, a lone LF behind a line does not', async () => {
  assert.deepEqual(await scriptRun('reference').take(''), ['close'])
  assert.deepEqual(await scriptRun('reference').take('\r'), ['close'])
  assert.deepEqual(await scriptRun('reference').take('BEGIN', '', '\r'), ['close'])
  assert.deepEqual(await scriptRun('reference').take('BEGIN t', '', 'END', ''), [
    'BEGIN t\r\n+001 000 No error\r\nEND\r\n',
  ])
})

test('script reference: an error after QUIT does not end the session, the next END does', async () => {
  const { respond } = scriptRun('reference', stub)
  const responses = await respond('BEGIN', 'QUIT', 'SHUTDOWN 0', 'END', 'BEGIN', 'END')
  assert.deepEqual(
    responses.map((response) => response !== 'close' && response.closes),
    [false, true],
  )
})

test('script draft: an error after QUIT ends the session at END, not before', async () => {
  const { respond } = scriptRun('draft', stub)
  assert.deepEqual(await respond('BEGIN', 'QUIT', 'SHUTDOWN 0', 'ECHO'), [])
  const [response] = await respond('END')
  assert.ok(response !== 'close' && response?.closes === true)
})
