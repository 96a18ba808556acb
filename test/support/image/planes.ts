// Both planes of a booted board, asked as users ask them.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import type { Board } from './machine.ts'

/** What the image says on its console when it is up: slot, version, state of the service, root, seconds. */
export const UP = /iose: up, slot ([AB]), version (\S+), iosed (\S+), root (.*), (\S+) s after the kernel/

/** Asks both planes; says when they answered. */
export async function planesReady(board: Board, sen = 'key1.com'): Promise<string> {
  const [, , , , , kernelSeconds] = await board.waitFor(UP)
  assert.match(await racsHandshake(board), /BEGIN CERTIFICATE/)
  assert.match(await elementSession(board, sen), /TLSv1\.3, Cipher is TLS_AES_128_CCM_SHA256/)
  return `ready ${kernelSeconds} s after the kernel's start, both asked ${board.seconds.toFixed(1)} s after power on`
}

/** What openssl says of the administration plane, which wants a certificate that is not given here. */
export function racsHandshake(board: Board): Promise<string> {
  return openssl(['-connect', `127.0.0.1:${board.ports.racsPort}`, '-tls1_3'])
}

/** What openssl says of a session with the simulated element of that name. */
export function elementSession(board: Board, sen: string): Promise<string> {
  return openssl([
    ...['-connect', `127.0.0.1:${board.ports.tlsSePort}`, '-tls1_3', '-servername', sen],
    ...['-groups', 'P-256', '-ciphersuites', 'TLS_AES_128_CCM_SHA256', '-psk_identity', 'Client_identity'],
    // What the default configuration tells everybody; no secret.
    ...['-psk', '0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20'],
  ])
}

function openssl(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    // It ends when its input does; the status of a server that wants a certificate of the client is not success.
    const child = execFile('openssl', ['s_client', ...args], { timeout: 60_000 }, (_, stdout, stderr) =>
      stdout === '' ? reject(new Error(`openssl: ${stderr}`)) : resolve(stdout + stderr),
    )
    child.stdin?.end()
  })
}
