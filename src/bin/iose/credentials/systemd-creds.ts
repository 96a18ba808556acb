// `systemd-creds`, which encrypts what only this machine can decrypt. Secrets go through pipes, never through arguments.

import { execFile } from 'node:child_process'
import type { CredentialName } from '../../../config/credentials.ts'

/** What came out, or why nothing did; undefined: there is no such program. */
export type Outcome = { readonly bytes: Buffer } | { readonly failure: string } | undefined

export function encrypt(name: CredentialName, secret: Buffer): Promise<Outcome> {
  return run(['encrypt', `--name=${name}`, '-', '-'], secret)
}

/** Fails for bytes that another machine has encrypted, and for those of another name. */
export function decrypt(name: CredentialName, credential: Buffer): Promise<Outcome> {
  return run(['decrypt', `--name=${name}`, '-', '-'], credential)
}

/** Whether there is such a program. */
export async function isInstalled(): Promise<boolean> {
  return (await run(['--version'], Buffer.alloc(0))) !== undefined
}

function run(args: readonly string[], input: Buffer): Promise<Outcome> {
  const options = { encoding: 'buffer', env: { ...process.env, LC_ALL: 'C' }, timeout: TIMEOUT_MS } as const
  return new Promise((resolve) => {
    const child = execFile('systemd-creds', args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ bytes: stdout })
      else if (error.code === 'ENOENT') resolve(undefined)
      else
        resolve({
          failure:
            stderr.toString().trim() || `systemd-creds ended with ${error.signal ?? error.code ?? '?'}`,
        })
    })
    // One that ends before it has read all says why on its standard error.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** A TPM takes its time. */
const TIMEOUT_MS = 30_000
