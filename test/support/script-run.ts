// Requests through a Script without a session around it: what comes out, as text.

import { DIALECTS, type DialectName } from '../../src/racs/dialect.ts'
import { type Execute, type Response, Script, textOf } from '../../src/racs/script.ts'

/** ECHO and whatever else a test wants to be easy: a command answers its first parameter. */
export const echo: Execute = (_name, [first = '']) => first

export interface ScriptRun {
  /** What has gone wrong, `code: message` each. */
  readonly failures: string[]
  readonly script: Script
  /** The responses to these lines, as texts; `close` when the session ends without a word. */
  readonly take: (...lines: string[]) => Promise<string[]>
  /** The same, not as text. */
  readonly respond: (...lines: string[]) => Promise<(Response | 'close')[]>
}

export function scriptRun(name: DialectName, execute: Execute = echo): ScriptRun {
  const dialect = DIALECTS[name]
  const failures: string[] = []
  const script = new Script({
    dialect,
    execute,
    onFailure: ({ text }, code) => failures.push(`${code} ${text}`),
  })
  const respond = async (...lines: string[]): Promise<(Response | 'close')[]> => {
    const responses: (Response | 'close')[] = []
    for (const line of lines) {
      const response = await script.take(line)
      if (response !== undefined) responses.push(response)
    }
    return responses
  }
  return {
    failures,
    script,
    respond,
    take: async (...lines) =>
      (await respond(...lines)).map((response) =>
        response === 'close' ? response : textOf(response, dialect),
      ),
  }
}
