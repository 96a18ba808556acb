// What a service manager does for a service, without being process 1: listens at $NOTIFY_SOCKET.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** Each datagram as one line of JSON: Node cannot receive them. */
const RECEIVER = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1].replace('@', '\\0', 1))
print(json.dumps('listening'), flush=True)
while True:
    print(json.dumps(receiver.recv(4096).decode()), flush=True)
`

export class NotifyListener implements AsyncDisposable {
  /** For $NOTIFY_SOCKET. */
  readonly address: string
  /** One a datagram. */
  readonly messages: string[] = []
  readonly #directory: string
  readonly #child: ChildProcess

  private constructor(directory: string, address: string) {
    this.#directory = directory
    this.address = address
    this.#child = spawn('python3', ['-c', RECEIVER, address], { stdio: ['ignore', 'pipe', 'inherit'] })
    const reader = createInterface({ input: this.#child.stdout! })
    reader.on('line', (line) => this.messages.push(JSON.parse(line) as string))
  }

  /** @param kind  where its address is: in the file system, or in the abstract space */
  static async start(kind: 'path' | 'abstract' = 'path'): Promise<NotifyListener> {
    const directory = mkdtempSync(join(tmpdir(), 'notify-'))
    const path = join(directory, 'socket')
    const listener = new NotifyListener(directory, kind === 'path' ? path : `@${path}`)
    await listener.told('listening')
    return listener
  }

  /** The first message that has `part`, after the `skip` first of all; fails when there is none within 5 s. */
  async told(part: string, skip = 0): Promise<string> {
    const expiresAt = performance.now() + 5_000
    for (;;) {
      const message = this.messages.slice(skip).find((text) => text.includes(part))
      if (message !== undefined) return message
      if (performance.now() > expiresAt) throw new Error(`no ${part} in ${this.messages.join(' | ')}`)
      await delay(5)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
    rmSync(this.#directory, { recursive: true })
  }
}
