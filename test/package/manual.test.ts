import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { commandPage } from '../../scripts/manual/command-pages.ts'
import { completionOfIose } from '../../scripts/manual/completion.ts'
import { parseHelp } from '../../scripts/manual/help.ts'
import { commandOf } from '../../src/bin/iosed/options.ts'
import { DEFAULT_CONFIG } from '../../src/config/default.ts'
import { knownKeysAt } from '../../src/config/schema.ts'
import { iose } from '../support/iose.ts'
import { BUILD_MANUAL, builtManual, filesIn, rendered, said, withoutBlanks } from '../support/manual.ts'

let directory = ''
let files = new Map<string, string>()
/** `iose racs apdu` -> its help, as the program prints it. */
const helps = new Map<string, string>()

before(async () => {
  directory = await builtManual()
  files = filesIn(directory)
  await ask([])
})

after(() => rmSync(directory, { recursive: true, force: true }))

test('manual: every command and subcommand that the program lists has a page', () => {
  assert.ok(helps.size >= 28, `only ${helps.size} help texts were found`)
  for (const words of helps.keys()) {
    assert.ok(files.has(`man/man1/${words.replaceAll(' ', '-')}.1`), `no page for ${words}`)
  }
  const pages = [...files.keys()].filter((path) => path.startsWith('man/man1/'))
  assert.equal(pages.length, helps.size, 'a page for something that is no command')
})

test('manual: a page has all that the help of its command says', { skip: missing('man') }, async () => {
  for (const [words, help] of helps) {
    const text = await rendered(pageOf(`man1/${words.replaceAll(' ', '-')}.1`))
    assertContains(text, help, words)
  }
})

test('manual: iosed(8) has all that its help says', { skip: missing('man') }, async () => {
  const { text } = await said(process.execPath, [IOSED, '--help'])
  assert.deepEqual(commandOf(['--help']), { kind: 'help' })
  const page = await rendered(pageOf('man8/iosed.8'))
  assertContains(page, text, 'iosed')
  const wanted = ['/etc/iose/gateway.toml', '/var/lib/iose', '/etc/credstore.encrypted', 'iosed-racs.socket']
  for (const word of [...wanted, 'iosed-tls-se.socket', 'SIGHUP', 'STATE_DIRECTORY']) {
    assert.ok(page.includes(word), `iosed(8) does not mention ${word}`)
  }
})

test('manual: gateway.toml(5) has every key of the schema and the default configuration', {
  skip: missing('man'),
}, async () => {
  const page = await rendered(pageOf('man5/gateway.toml.5'))
  const [tables, defaults = ''] = page.split('THE DEFAULT CONFIGURATION')
  const names = knownKeysAt([])
  for (const name of names) {
    const heading = new RegExp(`^(\\[${name}\\]|\\[\\[${name}\\]\\])$`, 'm')
    const [, , below = ''] = (tables ?? '').split(heading)
    const section = below.split(/^\[/m)[0] ?? ''
    for (const key of knownKeysAt([name])) {
      assert.match(section, new RegExp(`^ {7}${key}( |$)`, 'm'), `[${name}] does not have ${key}`)
    }
  }
  for (const path of ['select', 'reset', 'led']) {
    for (const key of knownKeysAt(['slots', path])) {
      assert.match(page, new RegExp(`^ {7}${key}( |$)`, 'm'), `${path} does not have ${key}`)
    }
  }
  assert.ok(withoutBlanks(defaults).includes(withoutBlanks(DEFAULT_CONFIG)))
})

test('manual: users.toml(5) and iose-board(5) have keys that a mistyped one is compared with', {
  skip: missing('man'),
}, async () => {
  const users = await rendered(pageOf('man5/users.toml.5'))
  const wanted = [
    'cn',
    'fingerprint',
    'role',
    'seids',
    'aids',
    'filters',
    'elements',
    'allow',
    'deny',
    'mask',
    'value',
  ]
  for (const key of wanted) assert.match(users, new RegExp(`^ {7}${key}( |$)`, 'm'))
  const board = await rendered(pageOf('man5/iose-board.5'))
  for (const key of ['name', 'revision', 'slots']) assert.match(board, new RegExp(`^ {7}${key}( |$)`, 'm'))
})

test('manual: groff, mandoc and whatis have nothing to say about any page', {
  skip: missing('man') || missing('mandoc'),
}, async () => {
  for (const path of files.keys()) {
    if (!path.startsWith('man/')) continue
    const file = join(directory, path)
    const args = ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', file]
    const { stderr, status } = spawnSync('man', args, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
    assert.deepEqual({ path, stderr, status }, { path, stderr: '', status: 0 })
    assert.deepEqual(
      { path, ...(await said('mandoc', ['-T', 'lint', '-W', 'warning', file])) },
      { path, code: 0, text: '' },
    )
    const { code, text } = await said('lexgrog', [file])
    assert.equal(code, 0, text)
    const name = path.replace(/^.*\/(.+)\.\d$/, '$1')
    assert.ok(text.includes(`"${name} - `), text)
  }
})

test('manual: references lead to pages that are there, or to another package', () => {
  const foreign = ['openssl(1)', 'pcscd(8)', 'systemd.socket(5)']
  const own = [...files.keys()]
    .map((path) => /([^/]+)\.(\d)$/.exec(path))
    .map((found) => `${found?.[1] ?? ''}(${found?.[2] ?? ''})`)
  for (const [path, text] of files) {
    for (const [, name = '', chapter = ''] of text.matchAll(/^\.BR (\S+) \((\d)\)/gm)) {
      const page = `${name.replace('\\%', '').replaceAll('\\-', '-')}(${chapter})`
      assert.ok(own.includes(page) || foreign.includes(page), `${path} refers to ${page}`)
    }
  }
})

test('manual: made twice it is the same, byte for byte; its date is SOURCE_DATE_EPOCH', async () => {
  const again = await builtManual()
  assert.deepEqual(filesIn(again), files)
  rmSync(again, { recursive: true })
  assert.match(files.get('man/man1/iose.1') ?? '', /^\.TH IOSE 1 2026-01-01 "iose\\-gateway /m)
})

test('manual: a usage with sudo is a synopsis, and offers nothing of its own to the completion', () => {
  const help = parseHelp('Usage: sudo iose seal [--undo] [flags]\n\nSeals.\n\n  --undo  the opposite\n')
  const seal = { words: ['iose', 'seal'], summary: 'seal', help, children: [] }
  assert.match(
    commandPage(seal, []).body,
    /^\.HP 4\n\\fBsudo iose seal\\fR \[\\fB\\-\\-undo\\fR\] \[flags\]$/m,
  )
  const list = [{ term: 'seal', text: 'seal' }]
  const iose = { words: ['iose'], summary: '', help: { ...help, commands: list }, children: [seal] }
  assert.match(completionOfIose(iose), /'seal'\)\n {12}words=''\n {12}flags='--help --undo'/)
})

test('build-manual: prints its help, and says what it is called wrongly with', async () => {
  const help = await said(BUILD_MANUAL, ['--help'])
  assert.equal(help.code, 0)
  assert.match(help.text, /^Usage: scripts\/build-manual OUTDIR\n/)
  for (const args of [[], ['a', 'b'], ['--unknown'], ['']]) {
    const { code, text } = await said(BUILD_MANUAL, args)
    assert.equal(code, 64)
    assert.match(text, /expected one argument, OUTDIR/)
  }
})

async function ask(words: readonly string[]): Promise<void> {
  const { stdout } = await iose([...words, '--help'])
  helps.set(['iose', ...words].join(' '), stdout)
  // Read by other rules than the generator's: what is listed, and answers with a help of its own.
  const isGroup = words.length === 0 || / SUBCOMMAND /.test(stdout.split('\n')[0] ?? '')
  const listed = isGroup
    ? [...stdout.matchAll(/^ {2}([a-z][a-z-]*) {2,}\S/gm)].map(([, word = '']) => word)
    : []
  await Promise.all(listed.map((word) => ask([...words, word])))
}

/** Every line of the help: terms, texts, sentences. Words that became headings are not looked for. */
function assertContains(page: string, help: string, words: string): void {
  const text = withoutBlanks(page)
  const parts = parseHelp(help)
  for (const line of help.split('\n')) {
    const pieces = line
      .replace(/^(Usage|Example): /, '')
      .split(/Exit codes: |Signals: /)
      .flatMap((piece) =>
        /\b\d+ \w/.test(piece) && parts.exitCodes.length > 0
          ? piece.split(/[,;.] ?(?=\d+ )|[.,;]$/)
          : [piece],
      )
      .flatMap((piece) => piece.split(/ {2,}/))
    for (const piece of pieces) {
      assert.ok(text.includes(withoutBlanks(piece)), `the page of ${words} does not have: ${piece}`)
    }
  }
  for (const [flag] of help.matchAll(/--[a-z][a-z-]*/g)) assert.ok(text.includes(flag), `${words}: ${flag}`)
}

function pageOf(path: string): string {
  return join(directory, 'man', path)
}

function missing(command: string): string | false {
  const { error } = spawnSync(command, ['--version'])
  return error === undefined ? false : `${command} is not installed: apt-get install man-db groff-base mandoc`
}

const IOSED = join(import.meta.dirname, '../../dist/bin/iosed.js')
