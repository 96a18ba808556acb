// The tutorial in docs/ as its reader runs it: each block of commands in one shell, one after the other, against a
// fresh gateway; what it says they print is what they print.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { sharedCa } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { Gateway } from '../support/gateway.ts'
import { isMissing } from '../support/peers.ts'

const ROOT = join(import.meta.dirname, '../..')

/** A block of commands, and the lines that it is said to print. */
interface Step {
  readonly commands: string
  readonly printed: readonly string[]
}

function stepsOf(markdown: string): Step[] {
  const steps: { commands: string; printed: string[] }[] = []
  for (const [, kind, body = ''] of markdown.matchAll(/^```(sh|text)\n(.*?)^```$/gms)) {
    if (kind === 'sh') steps.push({ commands: body, printed: [] })
    else steps.at(-1)?.printed.push(...body.trimEnd().split('\n'))
  }
  return steps
}

/** Lines in order; `...` alone is any lines, within a line any text. */
function patternOf(printed: readonly string[]): RegExp {
  const lines = printed.map((line) => {
    if (line === '...') return '(?:.*\\n)*?'
    const parts = line.split('...').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    return `${parts.join('.*')}\\n`
  })
  return new RegExp(`^${lines.join('')}$`)
}

/** What each block of commands prints on both outputs, all in one shell. */
async function run(steps: readonly Step[], env: NodeJS.ProcessEnv): Promise<string[]> {
  const shell = spawn('bash', ['-e'], { cwd: ROOT, env: { ...process.env, ...env }, timeout: 120_000 })
  let said = ''
  shell.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const separated = steps.map(({ commands }) => `${commands}\necho '${SEPARATOR}'\n`)
  shell.stdin.end(['exec 2>&1\n', ...separated].join(''))
  const [code] = (await once(shell, 'close')) as [unknown]
  assert.equal(code, 0, said)
  return said.split(`${SEPARATOR}\n`).slice(0, -1)
}

test('tutorial: from a blank element to a resource that has one owner, who keeps its key in another element', {
  skip: isMissing('openssl', 'version'),
}, async () => {
  const home = mkdtempSync(join(tmpdir(), 'tutorial-'))
  const between = await freePort()
  await using gateway = await Gateway.start()
  mkdirSync(join(home, 'iose'))
  const file = (name: string): string => JSON.stringify(sharedCa().path(name))
  writeFileSync(
    join(home, 'iose/config.toml'),
    `default_profile = "here"\n[profiles.here]\ngateway = "127.0.0.1:${gateway.racsPort}"\n` +
      `cert = ${file('operator.pem')}\nkey = ${file('operator.key')}\nca = ${file('ca.pem')}\n`,
  )
  const text = readFileSync(join(ROOT, 'docs/trusted-resource.md'), 'utf8')
    .replaceAll('127.0.0.1:8888', `127.0.0.1:${gateway.port}`)
    .replaceAll('127.0.0.1:9999', `127.0.0.1:${between}`)
  const steps = stepsOf(text)
  assert.ok(steps.length >= 8, `${steps.length} blocks`)
  const outputs = await run(steps, { XDG_CONFIG_HOME: home, TMPDIR: home })
  for (const [index, { commands, printed }] of steps.entries())
    if (printed.length > 0) assert.match(outputs[index] ?? '', patternOf(printed), commands)
  rmSync(home, { recursive: true })
})

const SEPARATOR = '--- end of a block ---'
