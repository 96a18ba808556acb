// What the doctor says of one thing that it has looked at.

export type Outcome = 'ok' | 'warning' | 'wrong'

export interface Finding {
  /** One word: what kind of thing was looked at. */
  readonly check: string
  readonly outcome: Outcome
  /** What was found there, in words; never a secret. */
  readonly found: string
  /** Why that matters, or how it came about; undefined when nothing is wrong. */
  readonly meaning?: string | undefined
  /** The command that mends it. */
  readonly remedy?: string | undefined
}

/** What is to be said of something that is not as it should be. */
export interface Complaint {
  readonly found: string
  readonly meaning?: string | undefined
  readonly remedy: string
}

/** Nothing is wrong with it. */
export function fine(check: string, found: string): Finding {
  return { check, outcome: 'ok', found }
}

/** Nothing is wrong with it, and it could be better. */
export function hint(check: string, complaint: Complaint): Finding {
  return { check, outcome: 'ok', ...complaint }
}

/** A gateway runs all the same. */
export function warning(check: string, complaint: Complaint): Finding {
  return { check, outcome: 'warning', ...complaint }
}

/** A gateway does not run, or not all of it. */
export function wrong(check: string, complaint: Complaint): Finding {
  return { check, outcome: 'wrong', ...complaint }
}
