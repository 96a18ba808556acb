// The tables of both dialects, held against what the drafts and the transcripts print.

import assert from 'node:assert/strict'
import test from 'node:test'
import { type Cause, type CommandName, commandNameOf, DIALECTS, errorCode } from '../../src/racs/dialect.ts'

const COMMANDS: readonly CommandName[] = [
  ...(['BEGIN', 'GET-VERSION', 'SET-VERSION', 'LIST', 'RESET', 'APDU', 'SHUTDOWN'] as const),
  ...(['POWERON', 'ECHO', 'SEN', 'GET-SEN', 'QUIT', 'XEND'] as const),
]

/** By draft-urien-core-racs, status codes: event class, then command. */
const DRAFT: Readonly<Record<Cause, string>> = {
  'not-begun': '300 300 300 300 300 300 300 300 300 300 300 300 300',
  'begun-twice': '301 301 301 301 301 301 301 301 301 301 301 301 301',
  'bad-name': '301 301 301 301 301 301 301 301 301 301 301 301 301',
  'unknown-command': '100 100 100 100 100 100 100 100 100 100 100 100 100',
  syntax: '501 502 503 504 505 506 507 508 509 510 511 512 512',
  'bad-value': '401 402 403 404 405 406 407 408 409 410 411 412 412',
  unauthorized: '601 602 603 604 605 606 607 608 609 610 611 612 612',
  filtered: '601 602 603 604 605 606 607 608 609 610 611 612 612',
  'in-use': '701 702 703 704 705 706 707 708 709 710 711 712 712',
  'not-held': '301 302 303 304 305 306 307 308 309 310 311 312 312',
  'wrong-status': '001 002 003 004 005 006 007 008 009 010 011 012 012',
  nameless: '901 902 903 904 905 906 907 908 909 910 911 912 912',
  overflow: '901 902 903 904 905 906 907 908 909 910 911 912 912',
  'response-full': '901 902 903 904 905 906 907 908 909 910 911 912 912',
  link: '801 802 803 804 805 806 807 808 809 810 811 812 812',
  element: '901 902 903 904 905 906 907 908 909 910 911 912 912',
  system: '901 902 903 904 905 906 907 908 909 910 911 912 912',
}

/** As the reference answers, by its transcripts: B07 to B40, C04 to C98, Z01. */
const REFERENCE: Readonly<Record<Cause, string>> = {
  'not-begun': '300 300 300 300 300 300 300 300 300 300 300 300 300',
  'begun-twice': '301 301 301 301 301 301 301 301 301 301 301 301 301',
  'bad-name': '302 302 302 302 302 302 302 302 302 302 302 302 302',
  'unknown-command': '900 900 900 900 900 900 900 900 900 900 900 900 900',
  syntax: '501 502 502 504 505 506 507 508 509 510 511 512 512',
  'bad-value': '401 402 402 404 405 406 407 408 409 910 411 412 412',
  unauthorized: '401 402 402 404 405 406 407 408 409 410 511 412 412',
  filtered: '701 702 702 704 705 706 707 708 709 710 711 712 712',
  'in-use': '701 702 702 704 705 706 707 708 709 710 711 712 712',
  'not-held': '701 702 702 704 705 706 707 708 709 710 711 712 712',
  'wrong-status': '001 002 002 004 005 006 007 008 009 010 011 012 012',
  nameless: '901 902 902 904 905 906 907 908 909 910 911 912 912',
  overflow: '701 702 702 704 705 706 707 708 709 710 711 712 712',
  'response-full': '001 001 001 001 001 001 001 001 001 001 001 001 001',
  link: '901 902 902 904 905 806 907 908 909 910 911 912 912',
  element: '901 902 902 904 905 806 907 908 909 910 911 912 912',
  system: '901 902 902 904 905 906 907 908 909 910 911 912 912',
}

for (const [name, table] of Object.entries({ draft: DRAFT, reference: REFERENCE })) {
  const dialect = DIALECTS[name as 'draft' | 'reference']

  for (const [cause, codes] of Object.entries(table) as [Cause, string][]) {
    test(`dialect ${name}: ${cause} has its code for every command`, () => {
      assert.deepEqual(
        COMMANDS.map((command) => errorCode(dialect, cause, command)),
        codes.split(' '),
      )
    })
  }

  test(`dialect ${name}: has no cause besides these, and each has three digits without a command, too`, () => {
    assert.deepEqual(Object.keys(dialect.codes).sort(), Object.keys(table).sort())
    for (const cause of Object.keys(table) as Cause[]) {
      assert.match(errorCode(dialect, cause, undefined), /^\d{3}$/)
    }
    assert.equal(errorCode(dialect, 'syntax', undefined), '500')
  })

  test(`dialect ${name}: success is 0 and the number of the command`, () => {
    const setVersion = name === 'draft' ? '03' : '02'
    const numbers = `01 02 ${setVersion} 04 05 06 07 08 09 10 11 12 12`.split(' ')
    assert.deepEqual(
      COMMANDS.map((command) => dialect.numbers[command]),
      numbers,
    )
  })
}

test('dialect: the draft ends a session for nothing, the reference for what its transcripts show', () => {
  assert.deepEqual([...DIALECTS.draft.fatal], [])
  const fatal = ['bad-name', 'begun-twice', 'not-begun', 'overflow', 'unknown-command']
  assert.deepEqual([...DIALECTS.reference.fatal].sort(), fatal)
})

test('dialect: a command is named in upper case, whole, and nothing that objects have by nature is one', () => {
  for (const command of COMMANDS) assert.equal(commandNameOf(command), command)
  for (const token of ['begin', 'END', 'LIST ', 'GET', '', 'toString', '__proto__', 'constructor']) {
    assert.equal(commandNameOf(token), undefined, token)
  }
})
