import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { completionsOf, consoleHelp } from '../../src/bin/iose/racs/console-commands.ts'
import { actionOf, isWorthKeeping } from '../../src/bin/iose/racs/console-input.ts'
import { statusWordMeaning } from '../../src/bin/iose/racs/status-words.ts'
import {
  historyFileOf,
  loadHistory,
  MAX_HISTORY_LINES,
  saveHistory,
} from '../../src/bin/iose/terminal/history.ts'

const directory = mkdtempSync(join(tmpdir(), 'iose-console-'))
after(() => rmSync(directory, { recursive: true }))

test('console: a line is a command of its own, or one of RACS in any case', () => {
  assert.deepEqual(actionOf('', undefined), { kind: 'nothing' })
  assert.deepEqual(actionOf(' # x', undefined), { kind: 'nothing' })
  assert.deepEqual(actionOf('Quit', undefined), { kind: 'quit' })
  assert.deepEqual(actionOf('HELP apdu', undefined), { kind: 'help', topic: 'apdu' })
  assert.deepEqual(actionOf('use sim1', undefined), { kind: 'use', seid: 'sim1' })
  assert.deepEqual(actionOf('use', 'sim1'), { kind: 'use', seid: undefined })
  assert.deepEqual(actionOf('BEGIN a', undefined), { kind: 'begin', id: 'a' })
  assert.deepEqual(actionOf('end', undefined), { kind: 'end' })
  assert.deepEqual(actionOf(' get-sen Sim1 ', undefined), { kind: 'line', line: 'GET-SEN Sim1' })
  for (const line of ['use a b', 'begin a b', 'end x']) assert.equal(actionOf(line, 'a').kind, 'misuse')
})

test('console: hex digits are an APDU for the element in use, with or without blanks', () => {
  assert.deepEqual(actionOf('00a4040000', 'sim1'), { kind: 'line', line: 'APDU sim1 00A4040000' })
  assert.deepEqual(actionOf('00 A4 04 00 00', 'sim1'), { kind: 'line', line: 'APDU sim1 00A4040000' })
  assert.equal(actionOf('00A40400', undefined).kind, 'misuse')
  assert.deepEqual(actionOf('00A404', 's'), { kind: 'line', line: '00A404' })
  assert.deepEqual(actionOf('00A404000', 's'), { kind: 'line', line: '00A404000' })
})

test('console: a line with a leading blank, a PIN or a key in an APDU is not kept', () => {
  for (const line of ['LIST', 'APDU sim1 00A4040000', '00A4040000', '00 87 00 00', 'poweron 00200000']) {
    assert.equal(isWorthKeeping(line), line !== 'poweron 00200000', line)
  }
  const secret = [
    '0020000004 31323334',
    'APDU s 002000000431323334',
    '00 24 00 00 01 00',
    '80D8000000',
    '002C000000',
  ]
  for (const line of [' LIST', '\tLIST', ...secret]) assert.ok(!isWorthKeeping(line), line)
})

test('console: TAB completes commands, then SEIDs', () => {
  const seids = ['sim1', 'sim2', 'key1']
  assert.deepEqual(completionsOf('po', seids), [['POWERON '], 'po'])
  assert.deepEqual(completionsOf('GET-', seids)[0], ['GET-SEN ', 'GET-VERSION '])
  assert.deepEqual(completionsOf('poweron s', seids), [['sim1', 'sim2'], 's'])
  assert.deepEqual(completionsOf('use ', seids), [seids, ''])
  assert.deepEqual(completionsOf('help ap', seids), [['APDU'], 'ap'])
})

test('console: help lists all commands, and says more of each', () => {
  assert.match(consoleHelp(undefined) ?? '', /POWERON SEID\n[^]*use \[SEID\]/)
  assert.match(consoleHelp('apdu') ?? '', /^APDU SEID HEX/)
  assert.equal(consoleHelp('constructor'), undefined)
})

test('console history: is bounded, its user alone can read it, and it holds no secret', async () => {
  const file = historyFileOf({ XDG_STATE_HOME: join(directory, 'state') }, 'racs')
  assert.deepEqual(await loadHistory(file), [])
  mkdirSync(join(directory, 'state/iose'), { recursive: true })
  writeFileSync(file, 'old\n', { mode: 0o644 })
  const lines = Array.from({ length: MAX_HISTORY_LINES + 1 }, (_, n) => `ECHO ${n}`)
  await saveHistory(file, ['002000000431323334', ' hidden', ...lines], isWorthKeeping)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const kept = await loadHistory(file)
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [MAX_HISTORY_LINES, 'ECHO 0', 'ECHO 999'])
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
  assert.equal((await loadHistory(file)).length, MAX_HISTORY_LINES)
  assert.ok(!readFileSync(file, 'utf8').includes('31323334'))
})

test('status words: the well-known ones are told in plain words', () => {
  const told: Record<string, string> = {
    '9000': 'done',
    '6A82': 'application or file not found',
    '6982': 'security status not satisfied',
    '63C2': 'wrong, 2 tries left',
    '63C1': 'wrong, 1 try left',
    '6110': 'done, 16 more bytes to fetch',
    '9F00': 'done, 256 more bytes to fetch',
    '6C08': 'wrong Le: 8 bytes are there',
    '6D16': 'unknown instruction',
    '6FFF': 'the element cannot say what went wrong',
    '9002': 'a status word of the application',
  }
  for (const [sw, meaning] of Object.entries(told)) assert.equal(statusWordMeaning(sw), meaning, sw)
})
