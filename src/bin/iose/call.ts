// `iose call`

import { parseArgs } from 'node:util'
import { systemClock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { ClientError } from '../../client/errors.ts'
import { printable } from '../../client/printable.ts'
import { ElementClient } from '../../client/tls/connection.ts'
import { localPsk } from '../../client/tls/secrets.ts'
import { type IoseUri, parseIoseUri, payloadOf } from '../../client/uri.ts'
import { type CliCommand, CliError, EXIT, misuse } from './command.ts'
import { pskOf } from './psk.ts'
import { printJson, printLine } from './racs/output.ts'

export const call: CliCommand = {
  summary: 'say something to an element, and print what it answers',
  help: `Usage: iose call URI [COMMAND] [flags]

Opens a TLS 1.3 session that ends inside an element, says one thing, and prints the answer.

  URI                  shellS://NAME[:KEY]@HOST[:PORT]/[?query=COMMAND], the command percent-encoded; the port is 8888
                       unless given. shell: a command is a line
  COMMAND              what to say, in the place of that in the URI
  --psk-file FILE      the key: 64 hex digits or 32 bytes; - is standard input
  --psk-env NAME       the key is in this variable of the environment
  --identity TEXT      PSK identity; default Client_identity
  --timeout SECONDS    for the handshake, and for the answer; default 30
  --json               {"sen", "answer"}
  --quiet              no warnings

Exit codes: 0 done, 1 refused (a wrong key or name), 2 the way to the element failed, 64 usage, 78 no key.

Example: iose call 'shellS://key1.com@127.0.0.1/?query=?00' --psk-file key1.psk
`,
  async run(args) {
    const { uri, command, flags } = orderOf(args)
    const warn = (text: string): void => {
      if (flags.quiet !== true) process.stderr.write(`iose: ${printable(text)}\n`)
    }
    const psk = pskOf({ file: flags['psk-file'], variable: flags['psk-env'], inUri: uri.psk }, warn)
    const timeoutMs = timeoutOf(flags.timeout)
    const holder = localPsk(psk, flags.identity ?? 'Client_identity')
    const answer = await ask(uri, command, { holder, timeoutMs }).catch((error: unknown) =>
      explain(error, uri),
    )
    const text = Buffer.from(answer).toString('latin1')
    if (flags.json === true) printJson({ sen: uri.sen, answer: text })
    else for (const line of text.replace(/\r?\n$/, '').split(/\r?\n/)) printLine(line)
    return EXIT.done
  },
}

interface Session {
  readonly holder: ReturnType<typeof localPsk>
  readonly timeoutMs: number
}

/** One question, one answer. @throws ClientError */
async function ask(uri: IoseUri, command: string, { holder, timeoutMs }: Session): Promise<Uint8Array> {
  const clock = systemClock
  await using client = await ElementClient.open(uri, {
    psk: holder,
    clock,
    deadline: clock.now() + timeoutMs,
  })
  client.send(Buffer.from(payloadOf(uri.scheme, command), 'latin1'))
  const answer = await client.receive(clock.now() + timeoutMs)
  if (answer !== undefined) return answer
  throw new ClientError('client.refused', 'the element ended the session instead of an answer')
}

function orderOf(args: readonly string[]) {
  const { values: flags, positionals } = parsed(args)
  const [text, given, ...more] = positionals
  if (text === undefined || more.length > 0) throw misuse('usage: iose call URI [COMMAND] [flags]')
  const uri = uriOf(text)
  const command = given ?? uri.command
  if (command === undefined) throw misuse('nothing to say: the URI has no query, and there is no COMMAND')
  return { uri, command, flags }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw misuse(messageOf(error))
  }
}

function uriOf(text: string): IoseUri {
  try {
    return parseIoseUri(text)
  } catch (error) {
    throw error instanceof ClientError ? misuse(error.message) : error
  }
}

function timeoutOf(text = '30'): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= 3_600) return seconds * 1_000
  throw misuse('--timeout: a number of seconds up to 3600')
}

/** @throws CliError with cause, holder and next step; whatever is none of the client's errors */
function explain(error: unknown, { sen, host, port }: IoseUri): never {
  if (!(error instanceof ClientError)) throw error
  const exitCode = error.code === 'client.refused' ? EXIT.refused : EXIT.failed
  const next = NEXT[error.code] ?? 'iose call --help.'
  throw new CliError(
    exitCode,
    `${printable(sen)} at ${host}:${port}: ${printable(error.message)}\nNext: ${next}`,
  )
}

const NEXT: Readonly<Record<string, string>> = {
  'client.refused': 'check name and key; iose slots shows what the gateway has, and its log why it refused.',
  'client.transport': 'check host and port, and that a gateway runs there.',
  'client.timeout': 'iose slots shows whether the element is busy; --timeout waits longer.',
  'client.protocol': 'check that the port is that of the service plane, 8888 by default.',
}

const OPTIONS = {
  'psk-file': { type: 'string' },
  'psk-env': { type: 'string' },
  identity: { type: 'string' },
  timeout: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
} as const
