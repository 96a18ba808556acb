// What a command of `iose` is made of, and the ways in which one ends.

/** Exit codes of `iose`. */
export const EXIT = {
  done: 0,
  /** The other side said no. */
  refused: 1,
  /** The way to it, or an element, failed. */
  failed: 2,
  usage: 64,
  bug: 70,
  configuration: 78,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** One word after `iose`. */
export interface CliCommand {
  /** One line for `iose --help`. */
  readonly summary: string
  /** The whole text of `iose WORD --help`, with an example. */
  readonly help: string
  /**
   * The text of `iose WORD SUBWORD --help`, or undefined for `help`.
   * @param args  what follows the word
   */
  helpOf?(args: readonly string[]): Promise<string | undefined>
  /**
   * @param args  what follows the word; `--help` is dealt with already
   * @throws CliError
   */
  run(args: readonly string[]): Promise<ExitCode>
}

/** Commands by name, each imported when it is asked for. */
export type CommandTable = Readonly<Record<string, { summary: string; load: () => Promise<CliCommand> }>>

/** Ends the command with a message for its user: cause, holder, next step. */
export class CliError extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
    this.name = 'CliError'
  }
}

/** The user called it wrongly. */
export function misuse(message: string): CliError {
  return new CliError(EXIT.usage, message)
}
