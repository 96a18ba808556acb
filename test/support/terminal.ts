// Programs that talk with a person: at a terminal that `script` makes.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'

// Without the command there is no output at all, whatever the type says.
const version = String(spawnSync('script', ['--version']).stdout)
export const needsScript = {
  skip: version.includes('util-linux') ? false : 'script of util-linux is missing',
}

/** A program at a terminal of its own. */
export class Terminal {
  said = ''
  readonly #child
  readonly #closed: Promise<unknown[]>
  #seen = 0

  /** @param words  program and arguments, without blanks */
  constructor(context: TestContext, words: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn('script', ['-qec', words.join(' '), '/dev/null'], {
      env: { ...process.env, ...env, TERM: 'xterm' },
    })
    context.after(() => this.#child.kill('SIGKILL'))
    this.#closed = once(this.#child, 'close')
    this.#child.stdout.on('data', (chunk: Buffer) => (this.said += chunk.toString()))
  }

  /** Types `keys`. */
  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** Waits until `pattern` is said, behind what was waited for before; fails after 10 s. */
  async sees(pattern: RegExp): Promise<void> {
    const signal = AbortSignal.timeout(10_000)
    for (;;) {
      const said = this.said.slice(this.#seen)
      const match = pattern.exec(said)
      if (match !== null) {
        this.#seen += match.index + match[0].length
        return
      }
      await once(this.#child.stdout, 'data', { signal }).catch(() => {
        assert.fail(`${pattern} is not in ${JSON.stringify(said)}`)
      })
    }
  }

  /** The exit code, once it has ended. */
  async closed(): Promise<unknown> {
    return (await this.#closed)[0]
  }
}
