// Authorities in directories of their own.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { Authority } from '../../src/pki/authority.ts'
import { PkiError, type PkiErrorCode } from '../../src/pki/errors.ts'

/** Now, in whole seconds as X.509 counts. */
export const NOW = new Date(Math.floor(Date.now() / 1000) * 1000)

/** `days` after NOW. */
export function daysLater(days: number): Date {
  return new Date(NOW.getTime() + days * 86_400_000)
}

/** A directory that is removed after the tests of the file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'iose-pki-'))
  after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A new authority and its directory, which did not exist before. */
export async function newAuthority(): Promise<{ authority: Authority; directory: string }> {
  const directory = join(temporaryDirectory(), 'pki')
  const authority = await Authority.create(directory, { name: 'test CA', now: NOW })
  return { authority, directory }
}

/** Checks that `promise` fails with this code and such a message, and returns the error. */
export async function fails(promise: Promise<unknown>, code: PkiErrorCode, message = /./): Promise<PkiError> {
  const error = await promise.then(
    () => assert.fail(`expected ${code}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof PkiError)) throw error
  assert.equal(error.code, code, error.message)
  assert.match(error.message, message)
  return error
}

/** Permission bits of a file, as octal text. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

/** What a program says, out and error, and whether it was content. */
export function say(command: string, ...args: string[]): { isDone: boolean; text: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 })
  if (error !== undefined) throw error
  return { isDone: status === 0, text: stdout + stderr }
}
