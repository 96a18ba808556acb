// The answer to GET-SEN: `name [AID= default]` or `name [AID= A000...]`, brackets and blank literal.

import { ClientError } from './errors.ts'

export interface Sen {
  readonly name: string
  /** Hex digits of the application that is selected before TLS; the default-selected one when undefined. */
  readonly aid: string | undefined
}

/** @throws ClientError client.protocol */
export function senOf(text: string): Sen {
  const [, name, aid] = /^\s*(\S+)(?: +\[AID= *([^\s\]]+) *\])? *$/.exec(text) ?? []
  if (name === undefined)
    throw new ClientError('client.protocol', 'GET-SEN: the answer is not a name and an AID')
  return { name, aid: aid === 'default' ? undefined : aid }
}
