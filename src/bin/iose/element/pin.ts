// The PIN of an element that has the key.

import { readFileSync } from 'node:fs'
import { messageOf } from '../../../base/errors.ts'
import { type SecretBytes, secretOf } from '../../../base/secret.ts'
import { CliError, EXIT } from '../command.ts'

/**
 * @param file  path, `-` is standard input; undefined for the PIN that new cards have
 * @returns 1 to 8 bytes
 * @throws CliError that shows nothing of a PIN
 */
export function pinOf(file: string | undefined): SecretBytes {
  if (file === undefined) return DEFAULT_PIN
  let bytes: Buffer
  try {
    bytes = readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    throw new CliError(EXIT.configuration, `no PIN: ${messageOf(error)}`)
  }
  const pin = Buffer.from(bytes.toString('latin1').replace(/\r?\n$/, ''), 'latin1')
  if (pin.length >= 1 && pin.length <= MAX_PIN_BYTES) return secretOf(pin)
  throw new CliError(
    EXIT.configuration,
    `${file} holds no PIN: 1 to ${MAX_PIN_BYTES} bytes, not ${pin.length}`,
  )
}

const MAX_PIN_BYTES = 8
const DEFAULT_PIN = secretOf(Buffer.from('0000', 'latin1'))
