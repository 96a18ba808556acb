// `iose slots` as its user runs it, against a running gateway.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { IOSE, iose } from '../support/iose.ts'
import { NodePeer } from '../support/peers.ts'

test('iose slots: a table of what the gateway has, or its JSON', async () => {
  await using gateway = await Gateway.start()
  const { exitCode, stdout } = await iose(['slots', ...placeOf(gateway)])
  assert.equal(exitCode, 0)
  const [headings = '', ...lines] = stdout.trimEnd().split('\n')
  assert.match(headings, /^SLOT {2}SEID {2}SEN {7}DRIVER {5}STATE/)
  assert.equal(lines.length, 5)
  assert.match(lines[0] ?? '', /^1 {5}sim1 {2}key1\.com {2}simulator {2}ready {2}\d+ s/)
  const asJson = await iose(['slots', '--json', ...placeOf(gateway)])
  assert.deepEqual(
    (JSON.parse(asJson.stdout) as { seid: string }[]).map(({ seid }) => seid),
    ['sim1', 'sim2', 'sim3', 'sim4', 'sim5'],
  )
})

test('iose slots --watch: shows a session come and go, live, and ends with Ctrl-C', async () => {
  await using gateway = await Gateway.start()
  await using watching = await Watching.start(['--watch', ...placeOf(gateway)])
  await watching.line(/^5 +sim5/)
  const session = await NodePeer.open(gateway.port, 'key2.com')
  await watching.line(/^\d\d:\d\d:\d\d sim2 ready -> leased: held by tls-se 127\.0\.0\.1:\d+$/)
  await session[Symbol.asyncDispose]()
  await watching.line(/ sim2 leased -> ready: free$/)
  assert.equal(await watching.end(), 0)
})

test('iose slots --watch: a gateway that goes away is sought again', async () => {
  await using gateway = await Gateway.start()
  await using watching = await Watching.start(['--watch', '--json', ...placeOf(gateway)])
  await watching.line(/^\{"event":"slots"/)
  await gateway.stop()
  await watching.line(/^iose: 127\.0\.0\.1:\d+ is gone: .*; next try in 2 s$/)
  assert.equal(await watching.end(), 0)
})

test('iose slots: a wrong token is a refusal, nobody listening a failure, no token a matter of configuration', async () => {
  await using gateway = await Gateway.start()
  const wrong = join(gateway.stateDir, 'wrong.token')
  writeFileSync(wrong, 'not-the-token-of-it\n')
  const url = `http://127.0.0.1:${gateway.statusPort}`
  const cases: readonly [string[], number, RegExp][] = [
    [['--status', url, '--token-file', wrong], 1, /does not accept the token\nNext: --token-file/],
    [['--status', url, '--token-file', `${wrong}.none`], 78, /no token: .*ENOENT.*\nNext: /],
    [['--status', 'http://127.0.0.1:1', '--token-file', wrong], 2, /ECONNREFUSED.*\nNext: check that/],
    [['--status', 'nonsense', '--token-file', wrong], 64, /not of the form http:/],
    [['--what'], 64, /Unknown option '--what'/],
    [['sim1'], 64, /Unexpected argument 'sim1'/],
  ]
  for (const [args, code, message] of cases) {
    const { exitCode, stderr, stdout } = await iose(['slots', ...args])
    assert.deepEqual([exitCode, stdout], [code, ''], args.join(' '))
    assert.match(stderr, message)
    assert.ok(!stderr.includes('not-the-token'))
  }
})

function placeOf(gateway: Gateway): string[] {
  return ['--status', `http://127.0.0.1:${gateway.statusPort}`, '--state-dir', gateway.stateDir]
}

/** `iose slots` that goes on. */
class Watching implements AsyncDisposable {
  readonly #child
  readonly #lines: string[] = []
  #wake = (): void => undefined

  private constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [IOSE, 'slots', ...args], { timeout: 30_000 })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line)
        this.#wake()
      })
    }
  }

  static start(args: readonly string[]): Promise<Watching> {
    return Promise.resolve(new Watching(args))
  }

  /** Waits for a line like that, and drops those before. */
  async line(pattern: RegExp): Promise<string> {
    const expiresAt = performance.now() + 15_000
    for (;;) {
      const line = this.#lines.shift()
      if (line !== undefined && pattern.test(line)) return line
      if (line !== undefined) continue
      assert.ok(performance.now() < expiresAt, `no line like ${String(pattern)}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        setTimeout(resolve, 500)
      })
    }
  }

  /** @returns the exit code after Ctrl-C */
  async end(): Promise<unknown> {
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGINT')
    return ((await closed) as unknown[])[0]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) await this.end()
  }
}
