// A command from start to end.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** How a command ended. */
export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  /** Exit code; null when a signal ended it. */
  readonly status: number | null
}

/**
 * Runs a command to its end, whatever that is.
 * @param input  what it reads from its standard input; nothing when left out
 */
export async function outcomeOf(command: readonly string[], input?: string | Buffer): Promise<Outcome> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  // A command may end without having read what it was given.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { stdout, stderr, status }
}

/** The standard output of a command. @throws Error when it ends in another way than with 0 */
export function successOf(command: readonly string[], outcome: Outcome): string {
  if (outcome.status === 0) return outcome.stdout
  const said = [outcome.stderr, outcome.stdout].filter((part) => part !== '').join('\n')
  throw new Error(`\`${command.join(' ')}\` ended with ${outcome.status ?? 'a signal'}:\n${said}`)
}
