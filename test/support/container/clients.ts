// Clients of a gateway in a container, outside of it.

import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { LoadReport } from '../load-client.ts'
import { DEFAULT_PSK } from '../tls-client.ts'
import type { Machine } from './machine.ts'

/** What the simulated element `key1.com` answers to `openssl s_client` that asks it to echo a word. */
export async function answerOf(machine: Machine): Promise<string> {
  const client = `openssl s_client -quiet -no_ign_eof -connect ${machine.address}:8888 -servername key1.com`
  const suite = `-tls1_3 -groups P-256 -ciphersuites TLS_AES_128_CCM_SHA256 -psk ${DEFAULT_PSK.toString('hex')}`
  return (await said(machine, '?01hello\\r\\n', `${client} ${suite}`)).trim()
}

/**
 * What the administration plane answers to `openssl s_client` with the certificate of the operator.
 * @param certificates  as of `certificatesOf`
 */
export function racsAnswerOf(machine: Machine, certificates: string, line: string): Promise<string> {
  const files = `-CAfile ${certificates}/ca.pem -cert ${certificates}/operator.pem -key ${certificates}/operator.key`
  const client = `openssl s_client -quiet -no_ign_eof -verify_return_error -connect ${machine.address}:7777 ${files}`
  return said(machine, `BEGIN a\\r\\n${line}\\r\\nEND\\r\\n`, client)
}

/** What a client prints that is told `text`, and then the end, once it has printed something. */
async function said(machine: Machine, text: string, client: string): Promise<string> {
  const hasAnswered = 'for i in $(seq 200); do [ ! -s "$out" ] || break; sleep 0.05; done'
  const script = `out=$(mktemp); { printf '${text}'; ${hasAnswered}; } | ${client} >"$out"; cat "$out"; rm "$out"`
  return (await machine.outside(['bash', '-c', script])).stdout
}

/** A folder with what the first start has made for its operator: ca.pem, operator.pem, operator.key. */
export async function certificatesOf(machine: Machine): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'operator-'))
  for (const file of ['ca.pem', 'operator.pem', 'operator.key']) {
    writeFileSync(join(folder, file), await machine.success(['cat', `/var/lib/iose/pki/${file}`]), {
      mode: 0o600,
    })
  }
  return folder
}

/** Clients that come one after the other, from the start to `stop`. */
export class Load {
  readonly #child: ReturnType<Machine['spawnOutside']>
  readonly #printed: Promise<string>

  private constructor(child: ReturnType<Machine['spawnOutside']>) {
    this.#child = child
    this.#printed = text(child.stdout!)
    child.stderr!.pipe(process.stderr)
  }

  /** @param certificates  as of `certificatesOf` */
  static start(machine: Machine, certificates: string, clients = 4): Load {
    const program = join(import.meta.dirname, '../load-client.ts')
    const command = [
      process.execPath,
      '--import',
      'tsx',
      program,
      machine.address,
      certificates,
      String(clients),
    ]
    return new Load(machine.spawnOutside(command))
  }

  async stop(): Promise<LoadReport> {
    const closed = once(this.#child, 'close')
    this.#child.stdin!.end()
    await closed
    return JSON.parse(await this.#printed) as LoadReport
  }
}
