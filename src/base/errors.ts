// The root of every error that this program throws on purpose. Each layer has one subclass in its own
// errors.ts with a closed set of codes; the table is in src/README.md.

/** An error with a machine-readable code of the form `layer.reason` and a message for people. */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.name = new.target.name
  }
}

/** A state that correct code never reaches: our own bug, and reported as such. */
export class InternalError extends CodedError<'internal.unreachable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('internal.unreachable', message, options)
  }
}

/** The `code` of an error that has one, else `internal.unreachable`: what a plane logs and maps. */
export function codeOf(error: unknown): string {
  return error instanceof CodedError ? String(error.code) : 'internal.unreachable'
}

/** The message of anything thrown, with the messages of its causes, outermost first. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`
}
