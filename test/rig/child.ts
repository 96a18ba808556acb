// Runs the programs under children/ as the process under test.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** What one step of a child came to. */
export interface Result {
  /** What the call returned: a number, or bytes as spaced hex. */
  readonly value?: number | string
  /** Negative errno of the call that failed. */
  readonly errno?: number
  readonly elapsedUs: number
}

/** A call and its arguments, in the words of the child's own table. */
export type Step = readonly [string, ...(number | string | readonly Step[])[]]

/** Runs `steps` one after the other in `children/NAME.js`. */
export async function runSteps(
  name: string,
  env: NodeJS.ProcessEnv,
  steps: readonly Step[],
): Promise<Result[]> {
  const said = await run([process.execPath, join(CHILDREN, `${name}.js`), JSON.stringify(steps)], env)
  return JSON.parse(said) as Result[]
}

/** Runs a program to its end; what it said on its standard output. */
export function run(command: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const [program = '', ...args] = command
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: [...stdio], timeout: 60_000 })
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(said)
      else
        reject(
          new assert.AssertionError({ message: `${program} ended with ${code ?? signal ?? ''}: ${said}` }),
        )
    })
  })
}

/** What the steps came to, without the time they took: values, and errors as `errno N`. */
export function outcomes(results: readonly Result[]): (number | string)[] {
  return results.map(({ value, errno }) => (errno === undefined ? (value ?? '') : `errno ${errno}`))
}

const CHILDREN = join(import.meta.dirname, 'children')
