// Key sets in files: one key, or ENC, MAC and DEK, in hex, with blanks or line ends between.

import { readFileSync, statSync } from 'node:fs'
import { messageOf } from '../../../base/errors.ts'
import { bytesOfHex } from '../../../base/hex.ts'
import { secretOf } from '../../../base/secret.ts'
import { type KeySet, setOf, TEST_KEYS } from '../../../globalplatform/keys.ts'
import { CliError, EXIT } from '../command.ts'
import type { GpOrder } from './order.ts'

/**
 * The key set that the user means.
 * @throws CliError; no message shows anything of a key
 */
export function keySetOf({ keys, shared }: GpOrder): KeySet {
  const { file, variable, isTest } = keys
  if (isTest) return TEST_KEYS
  if (variable !== undefined) {
    const text = process.env[variable]
    if (text !== undefined) return keySetIn(text, variable)
    throw new CliError(EXIT.configuration, `--key-set-env: there is no ${variable} in the environment`)
  }
  if (file !== undefined) return keySetFile(file, shared.isQuiet ? 'quiet' : 'warn')
  const next = 'Next: --key-set FILE, --key-set-env NAME, or --test-keys for 404142...4F.'
  throw new CliError(
    EXIT.usage,
    `no keys: they are never guessed, a few wrong ones block an element\n${next}`,
  )
}

/** @throws CliError */
export function keySetFile(file: string, how: 'warn' | 'quiet'): KeySet {
  try {
    if (file === '-') return keySetIn(readFileSync(0, 'latin1'), 'standard input')
    if (how === 'warn' && (statSync(file).mode & 0o077) !== 0)
      process.stderr.write(`iose: warning: others can read the keys ${file}; chmod 600 would end that\n`)
    return keySetIn(readFileSync(file, 'latin1'), file)
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError(EXIT.configuration, `no keys: ${messageOf(error)}`)
  }
}

function keySetIn(text: string, where: string): KeySet {
  const words = text.split(/\s+/).filter((word) => word !== '')
  const keys = words.map((word) => secretOf(bytesOfHex(word)))
  const [enc, mac, dek] = keys
  const isWhole = keys.every((key) => key !== undefined && [16, 24, 32].includes(key.length))
  if (enc !== undefined && isWhole) {
    if (keys.length === 1) return setOf(enc)
    if (keys.length === 3 && mac !== undefined && dek !== undefined) return { enc, mac, dek }
  }
  const what = 'one key or three, each of 32, 48 or 64 hex digits'
  throw new CliError(EXIT.configuration, `${where} holds no key set: ${what}`)
}
