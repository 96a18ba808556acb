// Errors of every layer, as causes of a status line: the only place where they become one.

import { codeOf } from '../base/errors.ts'
import type { Cause } from './dialect.ts'

export interface Failure {
  readonly cause: Cause
  /** For the client. */
  readonly text: string
}

/** What `error` means to the client of the administration plane. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error)
  const cause = CAUSES[code] ?? CAUSES[code.slice(0, code.indexOf('.'))] ?? 'system'
  // What the client may not use and what is not there must look the same; and our bugs are for the log.
  if (cause === 'unauthorized') return { cause, text: 'no such element for you' }
  if (cause === 'system') return { cause, text: 'system error, the log of the gateway has more' }
  return { cause, text: `${PREFIXES[cause] ?? ''}${(error as Error).message}` }
}

/** By code, or by its first word. */
const CAUSES: Readonly<Record<string, Cause>> = {
  'request.not-begun': 'not-begun',
  'request.begun-twice': 'begun-twice',
  'request.bad-name': 'bad-name',
  'request.unknown-command': 'unknown-command',
  'request.syntax': 'syntax',
  'request.bad-value': 'bad-value',
  'request.not-held': 'not-held',
  'request.wrong-status': 'wrong-status',
  'request.nameless': 'nameless',
  'request.response-full': 'response-full',
  'name.taken': 'bad-value',
  'access.unknown-seid': 'unauthorized',
  'access.forbidden': 'unauthorized',
  access: 'filtered',
  lease: 'in-use',
  'apdu.overflow': 'overflow',
  apdu: 'element',
  atr: 'element',
  element: 'element',
  't1.overflow': 'overflow',
  't1.oversize': 'bad-value',
  t1: 'link',
  link: 'link',
}

const PREFIXES: Readonly<Partial<Record<Cause, string>>> = {
  'in-use': 'in use: ',
  element: 'the element failed: ',
  link: 'no way to the element: ',
}
