// Flags of `iose update`, and what its commands share.

import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf } from '../../../base/errors.ts'
import { type Appliance, applianceBelow } from '../../../update/appliance.ts'
import { CliError, EXIT, misuse } from '../command.ts'

export const OPTIONS = {
  'dry-run': { type: 'boolean' },
  reboot: { type: 'boolean' },
  'allow-downgrade': { type: 'boolean' },
  json: { type: 'boolean' },
  timeout: { type: 'string' },
  key: { type: 'string' },
  output: { type: 'string' },
  board: { type: 'string', multiple: true },
  minimum: { type: 'string' },
  version: { type: 'string' },
  root: { type: 'string' },
  disk: { type: 'string' },
  config: { type: 'string' },
  'state-dir': { type: 'string' },
} as const

type Flag = keyof typeof OPTIONS

export interface UpdateCall {
  readonly values: {
    readonly [Name in Flag]?: (typeof OPTIONS)[Name] extends { multiple: true }
      ? string[] | undefined
      : (typeof OPTIONS)[Name]['type'] extends 'boolean'
        ? boolean | undefined
        : string | undefined
  }
  /** What is no flag. */
  readonly words: readonly string[]
}

/** Nothing but `allowed` and the flags of all was given. @throws CliError of usage */
export function checkFlags({ values }: UpdateCall, command: string, allowed: readonly Flag[]): void {
  const known: readonly string[] = [...allowed, 'root', 'disk']
  const surplus = Object.keys(values).find((name) => !known.includes(name))
  if (surplus !== undefined) throw misuse(`--${surplus} is not for ${command}`)
}

/** The only word. @throws CliError of usage */
export function onlyWord({ words }: UpdateCall, what: string): string {
  const [word, surplus] = words
  if (word === undefined) throw misuse(`${what} is missing`)
  if (surplus !== undefined) throw misuse(`unexpected argument '${surplus}'`)
  return word
}

/** @throws CliError of usage */
export function noWord({ words }: UpdateCall): void {
  if (words[0] !== undefined) throw misuse(`unexpected argument '${words[0]}'`)
}

export function rootOf({ values }: UpdateCall): string {
  return resolve(values.root ?? '/')
}

/** The appliance that the flags speak of, the running one without them. @throws UpdateError, CliError when this is not root */
export async function applianceOf(call: UpdateCall): Promise<Appliance> {
  const root = rootOf(call)
  // Files of another system have rights of their own.
  if (root === '/' && process.getuid?.() !== 0) {
    throw new CliError(EXIT.refused, 'only root may read and write the disk\nNext: sudo iose update ...')
  }
  return applianceBelow(root, call.values.disk)
}

/** What a file has, or what comes on standard input. @throws CliError when it cannot be read */
export async function* bytesOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: PIECE_BYTES })
  try {
    for await (const piece of stream) yield piece as Uint8Array
  } catch (error) {
    throw new CliError(
      EXIT.refused,
      `cannot read ${path === '-' ? 'standard input' : path}: ${messageOf(error)}`,
    )
  }
}

const PIECE_BYTES = 256 * 1024
