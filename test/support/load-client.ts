// A process of clients that come one after the other, to both planes of a gateway, until standard input ends; then it
// prints what became of them. For tests that restart the gateway meanwhile.
//
//   node --import tsx test/support/load-client.ts ADDRESS FOLDER-OF-CERTIFICATES CLIENTS
//
// The folder has ca.pem, operator.pem, operator.key; without them (`-`) the administration plane is left alone.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { DEFAULT_PSK } from './tls-client.ts'

/** What became of the sessions of one plane. */
export interface Fates {
  done: number
  /** Nobody listened. */
  refused: number
  /** They had begun. */
  broken: number
  /** From the first step of the slowest to its last. */
  slowestMs: number
  /** Of those that were refused or broken, each once. */
  causes: string[]
}

export interface LoadReport {
  readonly tlsSe: Fates
  readonly racs: Fates
}

/** One session: `?01hello`, as every client of the key store would say it. */
async function serviceSession(host: string, sen: string): Promise<void> {
  const socket = connect({
    ...{ host, port: 8888, servername: sen, minVersion: 'TLSv1.3' as const },
    ...{ ciphers: 'TLS_AES_128_CCM_SHA256', ecdhCurve: 'P-256' },
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: DEFAULT_PSK, identity: 'Client_identity' }),
  })
  await exchange(socket, '?01hello\r\n', 'hello')
}

/** One request, as an administrator would send it. */
async function administrationSession(host: string, certificates: ConnectionOptions): Promise<void> {
  const socket = connect({ host, port: 7777, ...certificates, checkServerIdentity: () => undefined })
  await exchange(socket, 'BEGIN load\r\nLIST\r\nEND\r\n', 'END\r\n')
}

/** Says `text`, and waits until the answer has `wanted`. */
async function exchange(socket: TLSSocket, text: string, wanted: string): Promise<void> {
  try {
    const failed = new Promise<never>((_, reject) => {
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('closed instead of an answer')))
      socket.setTimeout(PATIENCE_MS, () => reject(new Error('no answer in time')))
    })
    failed.catch(() => undefined)
    await Promise.race([once(socket, 'secureConnect'), failed])
    let answer = ''
    const answered = new Promise<void>((resolve) => {
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        answer += chunk
        if (answer.includes(wanted)) resolve()
      })
    })
    socket.write(text)
    await Promise.race([answered, failed])
  } finally {
    socket.destroy()
  }
}

async function repeat(fates: Fates, session: () => Promise<void>): Promise<void> {
  while (!isOver) {
    const startedAt = performance.now()
    try {
      await session()
      fates.done++
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ECONNREFUSED') fates.refused++
      else fates.broken++
      const cause = `${code ?? ''} ${message}`.trim()
      if (!fates.causes.includes(cause)) fates.causes.push(cause)
    }
    fates.slowestMs = Math.max(fates.slowestMs, Math.round(performance.now() - startedAt))
  }
}

const PATIENCE_MS = 20_000
const [host = '', folder = '', count = '4'] = process.argv.slice(2)
const none = (): Fates => ({ done: 0, refused: 0, broken: 0, slowestMs: 0, causes: [] })
const report: LoadReport = { tlsSe: none(), racs: none() }
let isOver = false
process.stdin.on('end', () => (isOver = true)).resume()
const clients = Array.from({ length: Number(count) }, (_, index) =>
  repeat(report.tlsSe, () => serviceSession(host, `key${(index % 4) + 1}.com`)),
)
if (folder !== '-') {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
  const certificates = { ca: read('ca.pem'), cert: read('operator.pem'), key: read('operator.key') }
  clients.push(repeat(report.racs, () => administrationSession(host, certificates)))
}
await Promise.all(clients)
process.stdout.write(`${JSON.stringify(report)}\n`)
