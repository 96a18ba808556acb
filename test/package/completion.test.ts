import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { iose } from '../support/iose.ts'
import { builtManual } from '../support/manual.ts'

let directory = ''
/** With `keys/`, `key one.psk` and `keep.toml`. */
let place = ''

before(async () => {
  directory = await builtManual()
  place = join(directory, 'place')
  mkdirSync(join(place, 'keys'), { recursive: true })
  for (const name of ['key one.psk', 'keep.toml', 'keys/a.pem']) writeFileSync(join(place, name), '')
})

after(() => rmSync(directory, { recursive: true, force: true }))

test('completion: an empty word after iose gets every command that the program lists', async () => {
  const { stdout } = await iose(['--help'])
  const listed = [...stdout.matchAll(/^ {2}([a-z][a-z-]*) {2,}\S/gm)].map(([, word = '']) => word)
  assert.ok(listed.length >= 10)
  assert.deepEqual(completed('iose', ['iose', '']), listed)
})

test('completion: the beginning of a command, of a subcommand and of a flag', () => {
  assert.deepEqual(completed('iose', ['iose', 'at']), ['attest', 'attach'])
  assert.deepEqual(completed('iose', ['iose', 'racs', 're']), ['reset'])
  assert.deepEqual(completed('iose', ['iose', 'gp', 'put-key', '--new-k']), [
    '--new-key-set',
    '--new-key-version',
  ])
  assert.deepEqual(completed('iosed', ['iosed', '--c']), ['--check-config', '--config'])
})

test('completion: every flag of each help of a group is offered', async () => {
  const { stdout } = await iose(['gp', 'install', '--help'])
  const [usage = '', ...blocks] = stdout.split('\n\n')
  const terms = blocks.join('\n').match(/^ {2}--.*?(?= {2}|$)/gm) ?? []
  const wanted = new Set([usage, ...terms].join(' ').match(/--[a-z][a-z0-9-]*/g))
  const offered = completed('iose', ['iose', 'gp', 'install', '--'])
  assert.deepEqual(
    [...wanted].filter((flag) => !offered.includes(flag)),
    [],
  )
  assert.ok(wanted.size > 20)
})

test('completion: a command without words gets its flags, one with a file as its argument gets files', () => {
  assert.deepEqual(completed('iose', ['iose', 'slots', '--w']), ['--watch'])
  assert.ok(completed('iose', ['iose', 'slots', '']).includes('--watch'))
  assert.deepEqual(completed('iose', ['iose', 'racs', 'run', 'ke']).sort(), [
    'keep.toml',
    'key one.psk',
    'keys',
  ])
})

test('completion: a flag that takes a file gets files, blanks in their names included', () => {
  assert.deepEqual(completed('iose', ['iose', 'call', 'x', '--psk-file', 'key']).sort(), [
    'key one.psk',
    'keys',
  ])
  assert.deepEqual(completed('iosed', ['iosed', '--config', 'keep']), ['keep.toml'])
  assert.deepEqual(completed('iose', ['iose', 'racs', 'list', '--cert', 'keys/']), ['keys/a.pem'])
})

test('completion: a flag that takes a directory gets directories only', () => {
  assert.deepEqual(completed('iose', ['iose', 'audit', 'verify', '--state-dir', 'ke']), ['keys'])
})

test('completion: a flag that takes the name of a variable gets names of variables', () => {
  assert.deepEqual(completed('iose', ['iose', 'call', 'x', '--psk-env', 'IOSE_TEST_']), ['IOSE_TEST_KEY'])
})

test('completion: a flag that takes a SEID or an address gets nothing: nobody is asked', () => {
  assert.deepEqual(completed('iose', ['iose', 'gp', 'list', '--seid', '']), [])
  assert.deepEqual(completed('iose', ['iose', 'racs', 'list', '--gateway', 'k']), [])
  assert.deepEqual(completed('iose', ['iose', 'racs', 'apdu', 'k']), [])
})

test('completion: words that a flag or an argument may be', () => {
  assert.deepEqual(completed('iose', ['iose', 'attest', 'x', '--role', '']), ['provider', 'user'])
  assert.deepEqual(completed('iose', ['iose', 'racs', 'quarantine', 'sim1', '']), ['on', 'off'])
})

test('completion: an unknown command or subcommand gets nothing', () => {
  assert.deepEqual(completed('iose', ['iose', 'frobnicate', '--']), [])
  assert.deepEqual(completed('iose', ['iose', 'racs', 'frobnicate', '']), [])
  assert.deepEqual(completed('iose', ['iose', '*', '']), [])
})

test('completion: a flag with =, cut into words by bash, or in one', () => {
  assert.deepEqual(completed('iose', ['iose', 'slots', '--config', '=', 'keep']), ['keep.toml'])
  assert.deepEqual(completed('iose', ['iose', 'slots', '--state-dir', '=']), ['keys'])
  assert.deepEqual(completed('iose', ['iose', 'slots', '--config=keep']), ['--config=keep.toml'])
  assert.deepEqual(completed('iose', ['iose', 'attest', 'x', '--role=u']), ['--role=user'])
  assert.deepEqual(completed('iose', ['iose', 'slots', '--watch', '=', '']), [])
})

test('completion: after -- come no flags, but files where one is an argument', () => {
  assert.deepEqual(completed('iose', ['iose', 'slots', '--', '--w']), [])
  assert.deepEqual(completed('iose', ['iose', 'racs', 'run', '--', 'keep']), ['keep.toml'])
})

test('completion: the cursor in the middle of the line, and in the middle of a word', () => {
  const words = ['iose', 'ra', 'list', '--json']
  assert.deepEqual(completed('iose', words, { at: 1 }), ['racs'])
  assert.deepEqual(completed('iose', ['iose', 'gp', 'l', '--seid', 'x'], { at: 2 }), ['list', 'load'])
  assert.deepEqual(completed('iose', ['iose', 'slots', '--watXX', '--json'], { at: 2, cursor: 5 }), [
    '--watch',
  ])
})

test('completion: words of a help without subcommands, each with its own flags', () => {
  assert.deepEqual(completed('iose', ['iose', 'pki', '']), ['init', 'server', 'client', 'revoke', 'list'])
  assert.deepEqual(completed('iose', ['iose', 'pki', 'server', '--']), [
    '--config',
    '--help',
    '--host',
    '--quiet',
    '--rsa',
    '--state-dir',
  ])
  assert.ok(!completed('iose', ['iose', 'pki', 'revoke', '--']).includes('--host'))
  assert.deepEqual(completed('iose', ['iose', 'pki', 'client', 'alice', '--out', 'ke']), ['keys'])
  assert.deepEqual(completed('iose', ['iose', 'audit', '']), ['verify', 'show'])
})

test('completion: is registered for its program, and leaves no variable behind', () => {
  const script = `source "$1"; before=$(compgen -v | sort); COMP_WORDS=(iose racs run k); COMP_CWORD=3; _iose
    unset COMP_WORDS COMP_CWORD COMPREPLY; complete -p iose; comm -13 <(echo "$before") <(compgen -v | sort)`
  assert.match(
    bash(script, [join(directory, 'bash-completion/iose')]),
    /^complete -F _iose iose\n(before\n|BASH_REMATCH\n|PIPESTATUS\n)*$/,
  )
})

/** @param at  index of the word with the cursor, the last without it; `cursor` is its place in that word */
function completed(
  program: string,
  words: readonly string[],
  { at = words.length - 1, cursor }: { at?: number; cursor?: number } = {},
): string[] {
  // As readline calls: the name, the word up to the cursor, the word before.
  const word = (words[at] ?? '').slice(0, cursor)
  const script = `source "$1"; shift; program=$1 at=$2 word=$3; shift 3
    COMP_WORDS=("$@"); COMP_CWORD=$at
    "_$program" "$program" "$word" "\${COMP_WORDS[at - 1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const args = [
    join(directory, 'bash-completion', program),
    program,
    String(at),
    word === '=' ? '' : word,
    ...words,
  ]
  const lines = bash(script, args).split('\n').slice(0, -1)
  return lines.filter((line) => line !== '')
}

/** Bash without anybody's settings, so without the functions of the package bash-completion. */
function bash(script: string, args: readonly string[]): string {
  return execFileSync('bash', ['--norc', '--noprofile', '-uc', script, 'bash', ...args], {
    cwd: place,
    env: { PATH: process.env['PATH'], IOSE_TEST_KEY: 'x' },
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}
