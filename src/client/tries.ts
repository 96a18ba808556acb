// The answer to TRIES: `authentication 1 of 3, verification 0 of 2`.

import { ClientError } from './errors.ts'

/** How many tries of a kind have failed in a row, and how many may before the gateway refuses the next. */
export interface TriesOfKind {
  readonly failed: number
  readonly limit: number
}

export interface Tries {
  readonly authentication: TriesOfKind
  readonly verification: TriesOfKind
}

/** @throws ClientError client.protocol */
export function triesOf(text: string): Tries {
  return { authentication: countOf(text, 'authentication'), verification: countOf(text, 'verification') }
}

function countOf(text: string, kind: keyof Tries): TriesOfKind {
  const [, failed, limit] =
    new RegExp(`(?:^|[ ,])${kind} (\\d{1,9}) of (\\d{1,9})(?:[ ,]|$)`).exec(text) ?? []
  if (failed === undefined || limit === undefined) {
    throw new ClientError(
      'client.protocol',
      'TRIES: the answer does not say how many have failed, and of how many',
    )
  }
  return { failed: Number(failed), limit: Number(limit) }
}
