// The draft dialect, over real TLS: every command, what it refuses, and what errors leave behind.

import assert from 'node:assert/strict'
import test from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { openRun, referenceRun } from '../support/reference-run.ts'
import { until } from '../support/until.ts'

const SELECT = '00A4040006010203040500'
const ATR_0 = 'ATR= 3B086B6579312E636F6D'
const ATR_1 = 'ATR= 3B086B6579322E636F6D'

const open = (cn?: string) => openRun('draft', cn)

test('racs draft: every command answers with its code', async () => {
  await using run = await open()
  const asked: [string, string][] = [
    ['GET-VERSION', '+002 001 1.0'],
    ['SET-VERSION 1.0', '+003 001 version 1.0 is in use'],
    ['LIST', '+004 001 999 0 1 2 3 key1'],
    ['POWERON 0', '+008 001 0 is on'],
    ['POWERON 0', '+008 001 0 was on already'],
    [`APDU 0 ${SELECT}`, '+006 001 9000'],
    ['RESET 0', `+005 001 0 was reset ${ATR_0}`],
    ['RESET 0 WARM', `+005 001 0 was reset (warm) ${ATR_0}`],
    ['SHUTDOWN 0', '+007 001 0 is off'],
    ['SHUTDOWN 0', '+007 001 0 is off'],
    ['ECHO word', '+009 001 word'],
    ['GET-SEN 3', '+011 001 key4.com [AID= default]'],
    ['SEN 3 foo.com 0102030405', '+010 001 SEN= foo.com AID= 0102030405'],
    ['GET-SEN 3', '+011 001 foo.com [AID= 0102030405]'],
    ['SEN 3', '+010 001 SEN= key4.com AID= default'],
  ]
  for (const [line, answer] of asked) assert.deepEqual(await run.peer.ask(line), [answer], line)
  await run.peer.send('BEGIN\r\nEND\r\nBEGIN name\r\nEND\r\n')
  assert.equal(await run.peer.response(), 'BEGIN\r\n+001 000 No error\r\nEND\r\n')
  assert.equal(await run.peer.response(), 'BEGIN name\r\n+001 000 No error\r\nEND\r\n')
})

test('racs draft: QUIT and XEND answer, and end the session after their response', async () => {
  for (const word of ['QUIT', 'XEND']) {
    await using run = await open()
    assert.deepEqual(await run.peer.ask(word, 'ECHO last'), ['+009 002 last'])
    await run.peer.closed()
  }
})

test('racs draft: what is wrong with a line has its code, and does not end the session', async () => {
  await using run = await open()
  const asked: [string, RegExp][] = [
    ['FOO', /^-100 001 /],
    ['list', /^-100 001 /],
    ['BEGIN again', /^-301 001 /],
    ['GET-VERSION now', /^-502 001 /],
    ['SET-VERSION', /^-503 001 /],
    ['SET-VERSION 2.0', /^-403 001 /],
    ['LIST all', /^-504 001 /],
    ['RESET', /^-505 001 /],
    ['RESET 0 COLD', /^-405 001 /],
    ['RESET 77', /^-605 001 /],
    ['APDU', /^-506 001 /],
    ['APDU 0', /^-506 001 /],
    ['APDU 0 00A4040', /^-506 001 /],
    ['APDU 0 zz', /^-506 001 /],
    ['APDU 0 00A404', /^-506 001 /],
    [`APDU 0 ${SELECT} CONTINUE=90`, /^-506 001 /],
    [`APDU 0 ${SELECT} MORE=6`, /^-506 001 /],
    [`APDU 0 ${SELECT} FETCH=00C0`, /^-506 001 /],
    [`APDU 0 ${SELECT} MORE=61 MORE=9F`, /^-506 001 /],
    [`APDU 0 ${SELECT} MUCH=61`, /^-506 001 /],
    [`APDU 77 ${SELECT}`, /^-606 001 /],
    ['APDU 0 8087000000', /^-606 001 /],
    ['APDU 0 00A40400051111111111', /^-606 001 /],
    ['SHUTDOWN', /^-507 001 /],
    ['SHUTDOWN 0 1', /^-507 001 /],
    ['SHUTDOWN 77', /^-607 001 /],
    ['POWERON', /^-508 001 /],
    ['POWERON 77', /^-608 001 /],
    ['ECHO', /^-509 001 /],
    ['ECHO two words', /^-509 001 /],
    ['ECHO APPEND', /^-509 001 /],
    ['ECHO caf\xe9', /^-509 001 /],
    ['SEN', /^-510 001 /],
    ['SEN 77', /^-610 001 /],
    [`SEN 0 ${'n'.repeat(256)}`, /^-410 001 /],
    ['SEN 0 name 0102', /^-410 001 /],
    ['SEN 0 name 01020', /^-410 001 /],
    [`SEN 0 name ${'01'.repeat(17)}`, /^-410 001 /],
    ['GET-SEN', /^-511 001 /],
    ['GET-SEN 77', /^-611 001 /],
  ]
  for (const [line, answer] of asked) {
    const [said = ''] = await run.peer.ask(line)
    assert.match(said, answer, line)
    assert.doesNotMatch(said, /undefined|\[object/, line)
  }
  assert.deepEqual(run.cards[0]!.seen, ['cold', 'warm'], 'nothing of all that reached the element')
  assert.equal(run.plane.log.of('request.failed').length, asked.length, 'one log line each')
})

test('racs draft: an unauthorised SEID cannot be told from an unknown one', async () => {
  await using run = await open('client2')
  const commands = ['POWERON', 'SHUTDOWN', 'RESET', 'SEN', 'GET-SEN']
  for (const command of commands) {
    const [others] = await run.peer.ask(`${command} 1`)
    const [nobodys] = await run.peer.ask(`${command} 7`)
    assert.equal(others, nobodys)
  }
  assert.deepEqual(await run.peer.ask(`APDU 1 ${SELECT}`), await run.peer.ask(`APDU 7 ${SELECT}`))
})

test('racs draft: a certificate that the users file does not know may do nothing', async () => {
  await using run = await open('stranger')
  assert.deepEqual(await run.peer.ask('LIST'), ['+004 001 '])
  assert.match((await run.peer.ask('POWERON 0'))[0]!, /^-608 001 /)
  assert.deepEqual(await run.peer.ask('ECHO hello'), ['+009 001 hello'])
})

test('racs draft: on an error APPENDed lines survive, and everything comes at END', async () => {
  await using run = await open()
  await run.peer.send(
    'BEGIN t\r\nECHO one APPEND\r\nECHO two\r\nECHO three APPEND\r\nFOO\r\nECHO four APPEND\r\n',
  )
  assert.equal(await run.peer.take(0), '')
  await run.peer.send('END\r\n')
  const response = await run.peer.response()
  assert.match(response, /^BEGIN t\r\n\+009 001 one\r\n\+009 003 three\r\n-100 004 [^\r]+\r\nEND\r\n$/)
  assert.deepEqual(await run.peer.ask('ECHO next'), ['+009 001 next'])
})

test('racs draft: without APPEND only the last answer comes', async () => {
  await using run = await open()
  assert.deepEqual(await run.peer.ask('ECHO 1', 'ECHO 2 APPEND', 'ECHO 3', 'ECHO 4'), [
    '+009 002 2',
    '+009 004 4',
  ])
})

test('racs draft: a line outside of a request is told at once, and the next request is served', async () => {
  await using run = await open()
  await run.peer.send('ECHO stray\r\n')
  assert.match(await run.peer.response(), /^BEGIN\r\n-300 000 [^\r]+\r\nEND\r\n$/)
  await run.peer.send('ECHO more\r\nBEGIN t\r\nECHO served\r\nEND\r\nEND\r\n')
  assert.equal(await run.peer.response(), 'BEGIN t\r\n+009 001 served\r\nEND\r\n')
  assert.match(await run.peer.response(), /^BEGIN\r\n-300 000 /)
})

test('racs draft: lines end with LF or CR LF, empty ones are ignored', async () => {
  await using run = await open()
  await run.peer.send('\r\n\n  \nBEGIN t\n\r\nECHO 1 \n\nEND\n')
  assert.equal(await run.peer.response(), 'BEGIN t\r\n+009 001 1\r\nEND\r\n')
})

test('racs draft: CONTINUE stops the request at another status word, MORE and FETCH collect', async () => {
  await using run = await open()
  const select = `APDU 0 ${SELECT} CONTINUE=9000`
  assert.deepEqual(await run.peer.ask(select, 'APDU 0 80E30BB8 MORE=61 FETCH=80C00000 APPEND', 'ECHO on'), [
    `+006 002 ${Buffer.from(Array.from({ length: 3_000 }, (_, n) => n))
      .toString('hex')
      .toUpperCase()}9000`,
    '+009 003 on',
  ])
  assert.ok(run.cards[0]!.seen.includes('80C0000000'), 'FETCH gives the header')
  assert.deepEqual(await run.peer.ask('APDU 0 80E66A82 CONTINUE=9000', 'ECHO unheard'), [
    '-006 001 wrong status word 6A82',
  ])
  // CONTINUE is compared with the last status word: MORE comes first.
  assert.deepEqual(await run.peer.ask('APDU 0 80E30002 CONTINUE=9000 MORE=61'), ['+006 001 00019000'])
  // Without MORE, 61xx is the client's.
  assert.deepEqual(await run.peer.ask('APDU 0 80E30002'), ['+006 001 6102'])
  assert.deepEqual(await run.peer.ask('APDU 0 80E4000000'), ['+006 001 00010203040506079000'])
})

test('racs draft: 65,535 bytes under MORE come whole', async () => {
  await using run = await open()
  const [answer = ''] = await run.peer.ask(`APDU 0 ${SELECT}`, 'APDU 0 80E3FFFF MORE=61')
  assert.equal(answer.length, '+006 002 '.length + 2 * 65_535 + 4)
})

test('racs draft: the first APDU or RESET takes the lease, the end of the session gives it back', async () => {
  await using run = await open()
  {
    await using other = await RacsPeer.open(run.plane.port, 'alluser')
    assert.deepEqual(await other.ask(`APDU 0 ${SELECT}`, 'RESET 1'), [`+005 002 1 was reset ${ATR_1}`])
    const held = /^-7\d\d 001 in use: held by racs alluser 127\.0\.0\.1:\d+ for \d+ s$/
    for (const line of [
      'POWERON 0',
      `APDU 0 ${SELECT}`,
      'RESET 1',
      'SHUTDOWN 1',
      'SEN 0 name',
      'POWERON 999',
    ]) {
      assert.match((await run.peer.ask(line))[0]!, held, line)
    }
    // To look is no harm.
    assert.deepEqual(await run.peer.ask('GET-SEN 0'), ['+011 001 key1.com [AID= default]'])
  }
  await until(() => run.plane.log.of('racs.closed').length === 1)
  assert.deepEqual(run.cards[0]!.seen, ['cold', 'warm', SELECT, 'warm'])
  assert.deepEqual(await run.peer.ask(`APDU 0 ${SELECT}`), ['+006 001 9000'])
})

test('racs draft: a filtered command and a second SELECT that is not allowed are -606, and not sent', async () => {
  await using run = await open()
  await run.peer.ask(`APDU 2 ${SELECT}`)
  const before = run.cards[2]!.seen.length
  for (const apdu of ['002000000430303030', '0C20000004', '00A40400051111111111', '00A4040C051111111111']) {
    assert.match((await run.peer.ask(`APDU 2 ${apdu}`))[0]!, /^-606 001 /, apdu)
  }
  assert.equal(run.cards[2]!.seen.length, before)
  assert.deepEqual(await run.peer.ask('APDU 2 80E1000000'), ['+006 001 9000'])
})

test('racs draft: after RESET a user with rules must select again', async () => {
  await using run = await open()
  await run.peer.ask(`APDU 0 ${SELECT}`, 'RESET 0')
  assert.match((await run.peer.ask('APDU 0 80E1000000'))[0]!, /^-606 001 /)
})

test('racs draft: MORE after SELECT fetches although nothing was selected before', async () => {
  await using run = await open()
  run.cards[0]!.selectAnswer = 0x6104
  assert.match((await run.peer.ask(`APDU 0 ${SELECT} MORE=61`))[0]!, /^\+006 001 000102039000$/)
})

test('racs draft: a SEN that another element has is refused with its SEID, if the caller may know', async () => {
  await using run = await open()
  await using other = await RacsPeer.open(run.plane.port, 'client2')
  assert.deepEqual(await run.peer.ask('SEN 3 key2.com'), ['-410 001 the name belongs to 1'])
  assert.deepEqual(await other.ask('SEN 0 key2.com'), ['-410 001 the name belongs to another element'])
  assert.deepEqual(await other.ask('SEN 0 key3.com'), ['-410 001 the name belongs to 2'])
})

test('racs draft: an element that falls silent costs its own client the time-out, and RESET mends it', async () => {
  await using run = await referenceRun('draft', 300)
  const { plane } = run
  await using peer = await RacsPeer.open(plane.port, 'client')
  await using other = await RacsPeer.open(plane.port, 'alluser')
  const startedAt = systemClock.now()
  const silent = peer.ask(`APDU 0 ${SELECT}`, 'APDU 0 80E7000000', 'APDU 0 80E1000000')
  assert.deepEqual(await other.ask('RESET 1'), [`+005 001 1 was reset ${ATR_1}`])
  assert.match((await silent)[0]!, /^-806 002 no way to the element: /)
  assert.ok(systemClock.now() - startedAt < 2_000)
  assert.match(
    (await peer.ask('APDU 0 80E1000000'))[0]!,
    /^-906 001 the element failed: it has not been reset/,
  )
  assert.deepEqual(await peer.ask('RESET 0 WARM', `APDU 0 ${SELECT}`), ['+006 002 9000'])
  assert.ok(run.cards[0]!.seen.includes('cold', 3), 'a warm reset would not end the computation')
})

test('racs draft: an element that is pulled is -9yz until it is asked for again', async () => {
  await using run = await open()
  await run.peer.ask(`APDU 0 ${SELECT}`)
  run.cards[0]!.pull()
  run.plane.inventory.leave(run.cards[0]!, 'pulled')
  assert.match((await run.peer.ask('APDU 0 80E1000000'))[0]!, /^-906 001 /)
  assert.match((await run.peer.ask('APDU 0 80E1000000'))[0]!, /^-906 001 /)
  assert.match((await run.peer.ask('POWERON 0'))[0]!, /^-908 001 the element failed: slot 1 is empty$/)
  assert.deepEqual(await run.peer.ask('LIST'), ['+004 001 1 2 3'])
})

test('racs draft: a lease that is taken away is -7yz until it is asked for again', async () => {
  await using run = await open()
  await run.peer.ask(`APDU 0 ${SELECT}`)
  run.plane.inventory.revokeAll('by an operator')
  assert.match((await run.peer.ask('APDU 0 80E1000000'))[0]!, /^-706 001 in use: by an operator$/)
  assert.deepEqual(await run.peer.ask('POWERON 0', `APDU 0 ${SELECT}`), ['+006 002 9000'])
})
