// `iose update inspect`: what a file says of itself, and whether it is true.

import { messageOf } from '../../../base/errors.ts'
import { keyFoldersBelow } from '../../../update/appliance.ts'
import { UpdateError } from '../../../update/errors.ts'
import type { UpdateHeader } from '../../../update/header.ts'
import { type TrustedKeys, trustedKeys } from '../../../update/keys.ts'
import { UpdateReader } from '../../../update/reader.ts'
import { EXIT, type ExitCode } from '../command.ts'
import { printJson, printLine } from '../racs/output.ts'
import { bytesOf, checkFlags, onlyWord, rootOf, type UpdateCall } from './options.ts'

export async function inspect(call: UpdateCall): Promise<ExitCode> {
  checkFlags(call, 'inspect', ['json'])
  const file = onlyWord(call, 'FILE')
  const keys = await trustedKeys(keyFoldersBelow(rootOf(call)))
  const { header, obstacle } = await findingsOf(bytesOf(file), keys)
  const fields = {
    ...{ product: header.product, version: header.version.text, minimum: header.minimum.text },
    ...{ boards: header.boards, key: header.keyId },
    ...{ root_bytes: header.rootBytes, kernel_bytes: header.kernelBytes },
  }
  if (call.values.json === true)
    printJson({ ...fields, verified: obstacle === undefined, obstacle: obstacle ?? null })
  else {
    for (const [name, value] of Object.entries(fields)) {
      printLine(
        `${name.replace('_', ' ').padEnd(14)}${Array.isArray(value) ? value.join(' ') : String(value)}`,
      )
    }
    printLine(
      `${'verified'.padEnd(14)}${obstacle === undefined ? 'yes, header and payload' : `no: ${obstacle}`}`,
    )
  }
  return obstacle === undefined ? EXIT.done : EXIT.refused
}

/** Reads it once, since it may come on standard input; the fields are shown also when nobody vouches for them. */
async function findingsOf(
  bytes: AsyncIterable<Uint8Array>,
  keys: TrustedKeys,
): Promise<{ header: UpdateHeader; obstacle: string | undefined }> {
  const { head, all } = await headOf(bytes)
  const header = await UpdateReader.peek(head)
  try {
    const reader = await UpdateReader.open(all, keys)
    // Each is verified as it is read.
    for await (const chunk of reader.chunks()) chunk.fill(0)
    return { header, obstacle: undefined }
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error
    return { header, obstacle: messageOf(error) }
  }
}

/** What a header can be found in, and the same followed by the rest. */
async function headOf(bytes: AsyncIterable<Uint8Array>) {
  const pieces: Uint8Array[] = []
  let count = 0
  const rest = bytes[Symbol.asyncIterator]()
  while (count < HEAD_BYTES) {
    const next = await rest.next()
    if (next.done === true) break
    pieces.push(next.value)
    count += next.value.length
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* pieces
    yield* { [Symbol.asyncIterator]: () => rest }
  }
  async function* head(): AsyncGenerator<Uint8Array> {
    yield* await Promise.resolve(pieces)
  }
  return { head: head(), all: all() }
}

/** More than any header has. */
const HEAD_BYTES = 32 * 1024
