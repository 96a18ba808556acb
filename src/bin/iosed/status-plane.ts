// Opens the status plane with its tokens; that of its readers is made at a first start, that of operators never.

import { randomBytes } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { writeAtomically } from '../../base/atomic-file.ts'
import { messageOf } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Config } from '../../config/config.ts'
import { ConfigError } from '../../config/errors.ts'
import { type StatusEnvironment, StatusServer } from '../../status/server.ts'
import { bound } from './bound.ts'

/**
 * Listens as configured. Without a configured address the plane is a convenience: if that address is taken, the gateway
 * goes on without it, and says so.
 * @throws ConfigError
 */
export async function openStatus(
  { host, port, isDefault, tokenFile, operatorTokenFile }: Config['status'],
  stateDir: string,
  environment: Omit<StatusEnvironment, 'token' | 'operatorToken'>,
): Promise<StatusServer | undefined> {
  const { log } = environment
  const path = resolve(stateDir, tokenFile)
  const token = (await tokenIn(path, 'token_file')) ?? (await makeToken(path))
  await warnIfReadable(path, log)
  const operatorToken =
    operatorTokenFile === undefined ? undefined : await operatorTokenIn(resolve(stateDir, operatorTokenFile))
  if (operatorTokenFile !== undefined) await warnIfReadable(resolve(stateDir, operatorTokenFile), log)
  try {
    return await bound('status', { host, port }, undefined, () =>
      StatusServer.listen({ host, port }, { ...environment, token, operatorToken }),
    )
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined
    if (!isDefault || cause?.code !== 'EADDRINUSE') throw error
    log.warn('status.unavailable', { cause: messageOf(error), advice: 'status.listen sets another address' })
    return undefined
  }
}

async function warnIfReadable(path: string, log: Log): Promise<void> {
  if (((await stat(path)).mode & 0o077) === 0) return
  log.warn('status.token-exposed', { path, advice: 'chmod 600: others can read the token' })
}

async function operatorTokenIn(path: string): Promise<string> {
  const token = await tokenIn(path, 'operator_token_file')
  if (token !== undefined) return token
  const message = `status.operator_token_file: no ${path}; make one: (umask 077; openssl rand -base64 24 > ${path})`
  throw new ConfigError('config.missing', message)
}

async function tokenIn(path: string, key: string): Promise<string | undefined> {
  try {
    const token = (await readFile(path, 'utf8')).trim()
    if (/^[\x21-\x7E]{16,256}$/.test(token)) return token
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new ConfigError('config.missing', `status.${key}: cannot read ${path}`, { cause: error })
  }
  const message = `status.${key}: ${path} must hold 16 to 256 printable characters`
  throw new ConfigError('config.invalid', message)
}

async function makeToken(path: string): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeAtomically(path, `${token}\n`, 0o600)
  } catch (error) {
    throw new ConfigError('config.missing', `status.token_file: cannot write ${path}`, { cause: error })
  }
  return token
}

const TOKEN_BYTES = 32
