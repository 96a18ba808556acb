// One session with an element for one command: the key from where it is, the deadlines, the errors in words.

import { systemClock } from '../../../base/clock.ts'
import { type SecretBytes, secretOf } from '../../../base/secret.ts'
import { ClientError } from '../../../client/errors.ts'
import { printable } from '../../../client/printable.ts'
import { ElementClient } from '../../../client/tls/connection.ts'
import { localPsk, type PskHolder } from '../../../client/tls/secrets.ts'
import { type IoseUri, payloadOf } from '../../../client/uri.ts'
import { CliError, EXIT } from '../command.ts'
import { withModule } from './module.ts'
import type { ElementOrder } from './order.ts'
import { pskOf } from './psk.ts'

/** How to open sessions with an element; the key has been read. */
export interface Access {
  readonly uri: IoseUri
  readonly identity: string
  readonly timeoutMs: number
  /** Undefined when another element has it. */
  readonly psk: SecretBytes | undefined
  /** Opens a session. @throws ClientError, CliError */
  open(): Promise<ElementClient>
}

/** @throws CliError when there is no key to be had */
export function accessOf(order: ElementOrder): Access {
  const { uri, identity, module, shared } = order
  const { timeoutMs } = shared
  if (module !== undefined) {
    if (uri.psk !== undefined) warnOf(order)('the key in the URI is not used: --tls-im has one')
    const open = (): Promise<ElementClient> =>
      withModule(module, { identity, shared }, (psk) => opened(uri, psk, timeoutMs))
    return { uri, identity, timeoutMs, psk: undefined, open }
  }
  const source = { file: order.pskFile, variable: order.pskVariable, inUri: uri.psk }
  const psk = pskOf(source, warnOf(order))
  return accessWith(uri, identity, psk, timeoutMs)
}

/** Access with a key that is at hand. */
export function accessWith(uri: IoseUri, identity: string, psk: Uint8Array, timeoutMs: number): Access {
  return {
    uri,
    identity,
    timeoutMs,
    psk: secretOf(psk),
    open: () => opened(uri, localPsk(psk, identity), timeoutMs),
  }
}

/**
 * Says one thing.
 * @param command  one character per byte, without the line end of the scheme
 * @returns the answer, one character per byte, without its line end
 * @throws ClientError client.refused when the session ends instead
 */
export async function ask(
  client: ElementClient,
  { uri, timeoutMs }: Access,
  command: string,
): Promise<string> {
  client.send(Buffer.from(payloadOf(uri.scheme, command), 'latin1'))
  const answer = await client.receive(systemClock.now() + timeoutMs)
  if (answer !== undefined)
    return Buffer.from(answer)
      .toString('latin1')
      .replace(/\r?\n$/, '')
  throw new ClientError('client.refused', 'the element ended the session instead of an answer')
}

/** Tells people what is not as it should be, unless they want it quiet. */
export function warnOf({ shared }: ElementOrder): (text: string) => void {
  return (text) => {
    if (!shared.isQuiet) process.stderr.write(`iose: warning: ${printable(text)}\n`)
  }
}

/** What ends the command for this error: cause, holder, next step. Whatever is none of the client's errors is thrown. */
export function elementErrorOf(error: unknown, { sen, host, port }: IoseUri): CliError {
  if (error instanceof CliError) return error
  if (!(error instanceof ClientError)) throw error
  const exitCode = error.code === 'client.refused' ? EXIT.refused : EXIT.failed
  return new CliError(
    exitCode,
    `${printable(sen)} at ${host}:${port}: ${printable(error.message)}\nNext: ${nextOf(error)}`,
  )
}

/** What to do about it. */
export function nextOf({ code }: ClientError): string {
  return NEXT[code] ?? 'iose call --help.'
}

function opened(uri: IoseUri, psk: PskHolder, timeoutMs: number): Promise<ElementClient> {
  const deadline = systemClock.now() + timeoutMs
  return ElementClient.open(uri, { psk, clock: systemClock, deadline })
}

const NEXT: Readonly<Record<string, string>> = {
  'client.refused': 'check name and key; iose slots shows what the gateway has, and its log why it refused.',
  'client.transport': 'check host and port, and that a gateway runs there.',
  'client.timeout': 'iose slots shows whether the element is busy; --timeout waits longer.',
  'client.protocol': 'check that the port is that of the service plane, 8888 by default.',
}
