// What the reference server does wrong by its own transcripts, and what we do instead, in its dialect.

import assert from 'node:assert/strict'
import test from 'node:test'
import { RacsPeer } from '../support/racs-plane.ts'
import { openRun } from '../support/reference-run.ts'

const SELECT = '00A4040006010203040500'

const open = (cn?: string) => openRun('reference', cn)

test('racs: a request in one TLS record per byte is understood (B28: the reference corrupts it)', async () => {
  await using run = await open()
  await run.peer.send(...Array.from('BEGIN t\r\nECHO 1\r\nEND\r\n'))
  assert.equal(await run.peer.response(), 'BEGIN t\r\n+009 001 1\r\nEND\r\n')
})

test('racs: a line cut in two records loses nothing (B32: the reference loses its last byte)', async () => {
  await using run = await open()
  await run.peer.send('BEGIN t\r\nECHO two', 'x\r\nEND\r\n')
  assert.equal(await run.peer.response(), 'BEGIN t\r\n+009 001 twox\r\nEND\r\n')
})

test('racs: LIST shows a user of everything every element (C10: the reference shows none)', async () => {
  await using run = await open('alluser')
  assert.deepEqual(await run.peer.ask('LIST'), ['+004 001 0 1 2 3 '])
})

test('racs: the logical channel of a command reaches the element (C59: the reference masks it away)', async () => {
  await using run = await open()
  const [answer] = await run.peer.ask('POWERON 0', 'APDU 0 01A4040006010203040500')
  assert.equal(answer, '+006 002 9000')
  assert.equal(run.cards[0]!.seen.at(-1), '01A4040006010203040500')
  // What is selected on channel 1 opens channel 1 alone.
  assert.deepEqual(await run.peer.ask('APDU 0 81E1000000'), ['+006 001 9000'])
  assert.match((await run.peer.ask('APDU 0 80E1000000'))[0]!, /^-706 001 /)
})

test('racs: SEN null succeeds, and GET-SEN without a name has its END (C98: the reference says neither)', async () => {
  await using run = await open()
  assert.deepEqual(await run.peer.ask('SEN 3 null'), ['+010 001 SEN= null AID= default'])
  await run.peer.send('BEGIN t\r\nGET-SEN 3\r\nEND\r\n')
  assert.match(await run.peer.response(), /^BEGIN t\r\n-911 001 [^\r]+\r\nEND\r\n$/)
  assert.deepEqual(await run.peer.ask('SEN 3'), ['+010 001 SEN= key4.com AID= default'])
})

test('racs: SHUTDOWN by somebody else is refused (D02: the reference ends the lease of another session)', async () => {
  await using run = await open()
  await using other = await RacsPeer.open(run.plane.port, 'client2')
  assert.deepEqual(await run.peer.ask('POWERON 0', `APDU 0 ${SELECT}`), ['+006 002 9000'])
  const [refusal = ''] = await other.ask('SHUTDOWN 0')
  assert.match(refusal, /^-707 001 in use: held by racs client 127\.0\.0\.1:\d+ for \d+ s$/)
  assert.deepEqual(await run.peer.ask('APDU 0 80E0000001AA'), ['+006 001 AA9000'])
  assert.deepEqual(await run.peer.ask('SHUTDOWN 0'), ['+007 001 0 is off'])
  assert.deepEqual(await other.ask('POWERON 0'), ['+008 001 0 is on'])
})

test('racs: an application outside the list stays out, file or no file (E11: the reference lets it in)', async () => {
  await using run = await open()
  const [answer = ''] = await run.peer.ask('POWERON 3', 'APDU 3 00A40400051111111111')
  assert.match(answer, /^-706 002 /)
  assert.deepEqual(run.cards[3]!.seen, ['cold', 'warm'])
})

test("racs: a refused SELECT of another session leaves the holder's selection alone (section L)", async () => {
  await using run = await open()
  await using other = await RacsPeer.open(run.plane.port, 'client2')
  await run.peer.ask('POWERON 2', `APDU 2 ${SELECT}`)
  assert.match((await other.ask('APDU 2 00A40400051111111111'))[0]!, /^-706 001 /)
  assert.deepEqual(await run.peer.ask('APDU 2 80E0000001AA'), ['+006 001 AA9000'])
  assert.match((await run.peer.ask('APDU 2 002000000430303030'))[0]!, /^-706 001 /)
})

test('racs: an empty line that ends the session does not swallow the answers before it', async () => {
  await using run = await open()
  await run.peer.send('BEGIN t\r\nECHO 1\r\nEND\r\n\r\n')
  assert.equal(await run.peer.response(), 'BEGIN t\r\n+009 001 1\r\nEND\r\n')
  await run.peer.closed()
})

// Robustness probes of the reference: what overflows a buffer there.

test('racs: a request name of 64 characters is echoed whole, one of 65 is refused', async () => {
  await using run = await open()
  const name = 'n'.repeat(64)
  await run.peer.send(`BEGIN ${name}\r\nEND\r\n`)
  assert.equal(await run.peer.response(), `BEGIN ${name}\r\n+001 000 No error\r\nEND\r\n`)
  await run.peer.send(`BEGIN ${name}n\r\nEND\r\n`)
  assert.match(await run.peer.response(), /^BEGIN \r\n-302 000 /)
  await run.peer.closed()
})

test('racs: a line of 11 tokens, and of 5,000, is a line', async () => {
  await using run = await open()
  for (const count of [10, 11, 5_000]) {
    assert.deepEqual(await run.peer.ask(`ECHO${' x'.repeat(count - 1)}`), ['+009 001 x'])
  }
})

test('racs: ECHO of 8,300 and of 16,000 characters ends in an answer with END', async () => {
  await using run = await open()
  for (const length of [8_181, 8_182, 8_300, 16_000]) {
    const [answer = ''] = await run.peer.ask(`ECHO ${'e'.repeat(length)}`)
    if (length === 8_181) assert.equal(answer, `+009 001 ${'e'.repeat(length)}`)
    else assert.match(answer, /^-001 001 /)
  }
})

test('racs: a SEID of 10,000 characters is an unknown one, and is not sent back', async () => {
  await using run = await open()
  const [answer = ''] = await run.peer.ask(`POWERON ${'s'.repeat(10_000)}`)
  assert.match(answer, /^-408 001 .{1,60}$/)
})

test('racs: APDUs of 261 bytes pass; of 262, 513, 600, 4,000 and 8,000 bytes are refused before the element', async () => {
  await using run = await open()
  await run.peer.ask('POWERON 0', `APDU 0 ${SELECT}`)
  const before = run.cards[0]!.seen.length
  for (const bytes of [262, 513, 600, 4_000, 8_000]) {
    assert.match((await run.peer.ask(`APDU 0 80E00000${'AB'.repeat(bytes - 4)}`))[0]!, /^-406 001 /)
  }
  assert.equal(run.cards[0]!.seen.length, before)
  const [answer] = await run.peer.ask(`APDU 0 80E00000FF${'AB'.repeat(255)}00`)
  assert.equal(answer, `+006 001 ${'AB'.repeat(255)}9000`)
})

test('racs: an answer of 3,838 bytes under MORE comes, one of 3,839 is refused and ends the session', async () => {
  await using run = await open()
  await run.peer.ask('POWERON 0', `APDU 0 ${SELECT}`)
  const [answer = ''] = await run.peer.ask('APDU 0 80E30EFE MORE=61')
  assert.equal(answer.length, '+006 001 '.length + 2 * 3_838 + 4)
  assert.match((await run.peer.ask('APDU 0 80E30EFF MORE=61'))[0]!, /^-706 001 /)
  await run.peer.closed()
})

test('racs: format directives in ECHO and SEN are text', async () => {
  await using run = await open()
  assert.deepEqual(await run.peer.ask('ECHO %n%s%x'), ['+009 001 %n%s%x'])
  assert.deepEqual(await run.peer.ask('SEN 3 %n%s%x'), ['+010 001 SEN= %n%s%x AID= default'])
})
