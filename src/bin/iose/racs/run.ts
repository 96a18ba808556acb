// `iose racs run`

import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { messageOf } from '../../../base/errors.ts'
import { ClientError } from '../../../client/errors.ts'
import { isRacsUri, parseRacsUri } from '../../../client/racs-uri.ts'
import { type ScriptRequest, scriptOf } from '../../../client/script.ts'
import type { Endpoint } from '../../../config/values.ts'
import { type CliCommand, CliError, EXIT, type ExitCode, misuse } from '../command.ts'
import { exitCodeOf, refusalOf } from './explain.ts'
import { argumentsOf, checkCount, SHARED_HELP, type SharedOptions } from './options.ts'
import { printReply } from './output.ts'
import { inSession } from './session.ts'

export const run: CliCommand = {
  summary: 'send a script of requests',
  help: `Usage: iose racs run SCRIPT|-|URI [flags]

Sends what a script says, line by line of RACS; - is standard input. Empty lines and lines that start with # or //
are not sent. With BEGIN and END in it each block is a request of its own, and the first that is refused is the last
that is sent; without them all of it is one request. A URI holds its request itself:
  racs://HOST:PORT/?BEGIN=&APDU=SEID%20HEX&END=
  https://HOST:PORT/RACS?BEGIN=&APDU=SEID%20HEX&END=

Prints each status line as it came; with --json an object per request. A refusal is explained on standard error.
A line needs APPEND at its end for its answer to be kept if it is not the last one.

${SHARED_HELP}
Example: printf 'POWERON sim1\\nAPDU sim1 00A4040006010203040500\\n' | iose racs run -
`,
  async run(args) {
    const { shared, positionals } = argumentsOf(args)
    checkCount(positionals, 'run SCRIPT|-|URI', 1)
    const [source = ''] = positionals
    const { requests, gateway, placeOf } = await scriptFrom(source)
    if (gateway !== undefined && shared.gateway !== undefined) {
      throw misuse('--gateway and the URI both name a gateway')
    }
    return send(shared, { requests, gateway, placeOf })
  },
}

interface Script {
  readonly requests: readonly ScriptRequest[]
  readonly gateway: Endpoint | undefined
  /** Where a line stands, for messages. */
  readonly placeOf: (place: number) => string
}

async function send(shared: SharedOptions, { requests, gateway, placeOf }: Script): Promise<ExitCode> {
  return inSession(
    shared,
    async ({ client, deadline }) => {
      for (const request of requests) {
        const reply = request.isFramed
          ? await client.send(request, deadline())
          : await client.request(request.lines, deadline())
        printReply(reply, shared, 'plain')
        const last = reply.statuses.at(-1)
        if (last === undefined || last.sign === '+') continue
        const place = request.places[last.line - 1]
        const where = place === undefined ? 'BEGIN' : `line ${last.line} (${placeOf(place)})`
        throw new CliError(exitCodeOf(last), refusalOf(last, where, request.lines[last.line - 1]))
      }
      return EXIT.done
    },
    gateway,
  )
}

async function scriptFrom(source: string): Promise<Script> {
  try {
    if (isRacsUri(source)) {
      const { host, port, requests } = parseRacsUri(source)
      return { requests, gateway: { host, port }, placeOf: (place) => `item ${place} of the URI` }
    }
    const name = source === '-' ? 'standard input' : source
    return {
      requests: scriptOf(await textOf(source)),
      gateway: undefined,
      placeOf: (place) => `${name}:${place}`,
    }
  } catch (error) {
    if (error instanceof ClientError)
      throw misuse(isRacsUri(source) ? error.message : `${source}: ${error.message}`)
    throw error
  }
}

async function textOf(source: string): Promise<string> {
  try {
    const bytes = source === '-' ? await buffer(process.stdin) : await readFile(source)
    return bytes.toString('latin1')
  } catch (error) {
    throw misuse(`cannot read the script: ${messageOf(error)}`)
  }
}
