// Keys of a gateway in the state directory of a credential bench, and what its tests do with them.

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CredentialBench } from './credential-bench.ts'
import type { Said } from './iose.ts'

export const AUDIT_KEY = `${'ab'.repeat(32)}\n`
/** Of a user who is not root, as the gateway's is. */
export const OWNER = 65_534

/** A bench with both keys, of the gateway's user. */
export function keyBench(): {
  place: CredentialBench
  serverKey: string
  file: (name: string) => string
} & Disposable {
  const place = new CredentialBench()
  const file = (name: string): string => join(place.stateDir, 'pki', name)
  const serverKey = newKey()
  writeFileSync(file('server.key'), serverKey, { mode: 0o600 })
  writeFileSync(file('audit.key'), AUDIT_KEY, { mode: 0o600 })
  for (const path of [place.stateDir, file(''), file('server.key'), file('audit.key')])
    chownSync(path, OWNER, OWNER)
  return { place, serverKey, file, [Symbol.dispose]: () => place[Symbol.dispose]() }
}

export function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Nothing of a secret was said. */
export function checkIsSilent({ stdout, stderr }: Said, ...secrets: string[]): void {
  for (const secret of secrets) {
    for (const line of secret.split('\n').filter(({ length }) => length > 30))
      assert.ok(!`${stdout}${stderr}`.includes(line.slice(0, 30)))
  }
}

/** Runs `iose protect-keys` with a systemd-creds that kills it before or after its n-th call. */
export async function withKiller(
  place: CredentialBench,
  step: number,
  way: readonly string[],
): Promise<Said> {
  const path = join(place.directory, 'bin')
  mkdirSync(path, { recursive: true })
  const count = join(place.directory, 'count')
  const at = Math.ceil(step / 2)
  const kill = `[ "$(cat ${count} | wc -l)" = ${at} ] && kill -9 $PPID`
  const [before, afterwards] = step % 2 === 1 ? [kill, ':'] : [':', kill]
  writeFileSync(
    join(path, 'systemd-creds'),
    `#!/bin/sh\necho >> ${count}\n${before}\n/usr/bin/systemd-creds "$@"; rc=$?\n${afterwards}\nexit $rc\n`,
    { mode: 0o755 },
  )
  return place.iose(['protect-keys', '--state-dir', place.stateDir, ...way], {
    PATH: `${path}:${process.env['PATH'] ?? ''}`,
  })
}

/** A file of the gateway's user. */
export function put(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 })
  chownSync(path, OWNER, OWNER)
}
