// A command that talks with a person at a terminal, or reads lines from a pipe: what it does with a line is its own
// business.

import { createInterface, type Interface } from 'node:readline'
import { messageOf } from '../../../base/errors.ts'
import { historyFileOf, loadHistory, MAX_HISTORY_LINES, saveHistory } from './history.ts'

export interface Dialogue {
  readonly historyName: 'racs' | 'shell'
  readonly greeting: string
  /** True while the other side owes an answer. */
  readonly isBusy: boolean
  readonly prompt: string
  /** Called when the session is lost while nothing is under way. */
  onLost: ((message: string) => void) | undefined
  /** True for a line that may stand in a file. */
  isWorthKeeping(line: string): boolean
  /** For TAB: what the line may be completed to, and what of it is completed. */
  completionsOf(line: string): [string[], string]
  /** Does what a line says. @returns false when it was the last one */
  enter(line: string): Promise<boolean>
  /** Ctrl-C: gives up what is under way. */
  interrupt(): Promise<void>
}

/** True when there is a person. */
export function isInteractive(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY
}

/** Lines from a pipe, one after the other, until one of them is the last. */
export async function readAll(dialogue: Dialogue): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (!(await dialogue.enter(line))) return
  }
}

/** Lines of a person, with a history that is kept. */
export async function converse(dialogue: Dialogue): Promise<void> {
  const file = historyFileOf(process.env, dialogue.historyName)
  let history = await loadHistory(file)
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    history: [...history],
    historySize: MAX_HISTORY_LINES,
    removeHistoryDuplicates: true,
    completer: (line: string) => dialogue.completionsOf(line),
  })
  terminal.on('history', (lines: string[]) => {
    // What is not to be kept cannot be called up again either.
    if (!dialogue.isWorthKeeping(lines[0] ?? '')) lines.shift()
    history = [...lines]
  })
  terminal.on('SIGINT', () => interrupt(dialogue, terminal))
  dialogue.onLost = (message) => {
    process.stdout.write(`\n${message}\n`)
    terminal.prompt(true)
  }
  process.stdout.write(`${dialogue.greeting}\n`)
  terminal.setPrompt(dialogue.prompt)
  terminal.prompt()
  for await (const line of terminal) {
    if (!(await dialogue.enter(line))) break
    terminal.setPrompt(dialogue.prompt)
    terminal.prompt()
  }
  terminal.close()
  process.stdout.write('\n')
  try {
    await saveHistory(file, history, (line) => dialogue.isWorthKeeping(line))
  } catch (error) {
    process.stderr.write(`iose: warning: the history cannot be kept: ${messageOf(error)}\n`)
  }
}

function interrupt(dialogue: Dialogue, terminal: Interface): void {
  const wasBusy = dialogue.isBusy
  dialogue.interrupt().catch((error: unknown) => {
    process.stderr.write(`iose: ${messageOf(error)}\n`)
  })
  if (wasBusy) return
  // To the end of the line, then clear it backwards.
  terminal.write(null, { ctrl: true, name: 'e' })
  terminal.write(null, { ctrl: true, name: 'u' })
  terminal.setPrompt(dialogue.prompt)
  terminal.prompt()
}
