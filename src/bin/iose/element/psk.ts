// Where a command of `iose` has its pre-shared key from: a file, the environment, standard input, or the URI.

import { readFileSync, statSync } from 'node:fs'
import { messageOf } from '../../../base/errors.ts'
import { bytesOfHex } from '../../../base/hex.ts'
import { type SecretBytes, secretOf } from '../../../base/secret.ts'
import { CliError, EXIT, misuse } from '../command.ts'

export interface PskSource {
  /** Path; `-` is standard input. */
  readonly file?: string | undefined
  /** Name of a variable of the environment. */
  readonly variable?: string | undefined
  /** Of the URI. */
  readonly inUri?: SecretBytes | undefined
}

/**
 * @param warn  is told, in words, when the key could have been seen by others
 * @returns 32 bytes
 * @throws CliError; no message shows anything of a key
 */
export function pskOf({ file, variable, inUri }: PskSource, warn: (text: string) => void): SecretBytes {
  if (file !== undefined && variable !== undefined)
    throw misuse('--psk-file and --psk-env are two keys; give one')
  if (file !== undefined) return keyIn(bytesIn(file, warn), file === '-' ? 'standard input' : file)
  if (variable !== undefined) {
    const text = process.env[variable]
    if (text === undefined)
      throw new CliError(EXIT.configuration, `--psk-env: there is no ${variable} in the environment`)
    return keyIn(Buffer.from(text, 'latin1'), variable)
  }
  if (inUri === undefined) {
    const next = 'Next: --psk-file FILE, --psk-env NAME, or --psk-file - for standard input.'
    throw new CliError(EXIT.usage, `no key: the URI has none\n${next}`)
  }
  warn('the key in the URI can be seen by other users of this machine; --psk-file keeps it from them')
  return inUri
}

function bytesIn(file: string, warn: (text: string) => void): Buffer {
  try {
    if (file === '-') return readFileSync(0)
    if ((statSync(file).mode & 0o077) !== 0) warn(`others can read the key ${file}; chmod 600 would end that`)
    return readFileSync(file)
  } catch (error) {
    throw new CliError(EXIT.configuration, `no key: ${messageOf(error)}`)
  }
}

/** 32 raw bytes, or 64 hex digits and perhaps a line end. */
function keyIn(bytes: Buffer, where: string): SecretBytes {
  if (bytes.length === KEY_BYTES) return secretOf(bytes)
  const key = bytesOfHex(bytes.toString('latin1').trim())
  if (key?.length === KEY_BYTES) return secretOf(key)
  throw new CliError(
    EXIT.configuration,
    `${where} holds no key: 64 hex digits or 32 bytes, not ${bytes.length}`,
  )
}

const KEY_BYTES = 32
