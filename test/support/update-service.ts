// What systemd does on an appliance, with an appliance in files: whoever connects to a socket gets an `iose update receive`
// of his own, whose standard input and output that connection is.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { IOSE } from './iose.ts'
import type { UpdateBench } from './update-bench.ts'

export class UpdateService implements AsyncDisposable {
  readonly path: string
  /** Of each order so far. */
  readonly children: ChildProcess[] = []
  /** What they have said on standard error. */
  stderr = ''
  readonly #server: Server
  readonly #bench: UpdateBench

  private constructor(bench: UpdateBench) {
    this.path = join(bench.folder, 'update.sock')
    this.#bench = bench
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      this.#serve(socket),
    )
    // A restart is an order to systemd, which is not there.
    bench.put('/bin/systemd-run', `#!/bin/sh\necho "$@" >>${join(bench.folder, 'ordered.log')}\n`)
    chmodSync(join(bench.folder, 'bin/systemd-run'), 0o755)
    writeFileSync(join(bench.folder, 'ordered.log'), '')
  }

  static async start(bench: UpdateBench): Promise<UpdateService> {
    const service = new UpdateService(bench)
    service.#server.listen(service.path)
    await once(service.#server, 'listening')
    return service
  }

  /** What systemd was asked to run, a line a call. */
  get ordered(): string {
    return readFileSync(join(this.#bench.folder, 'ordered.log'), 'utf8')
  }

  /** Resolves when all orders so far are over. */
  async settled(): Promise<void> {
    for (const child of this.children)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL')
    await this.settled()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(socket: Socket): void {
    const { folder, disk } = this.#bench
    const args = [IOSE, 'update', 'receive', '--root', folder, '--disk', disk]
    const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` }
    const child = spawn(process.execPath, args, { stdio: [socket, socket, 'pipe'], env })
    child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.children.push(child)
    // It is the child's now; closing ours says nothing to the other side.
    socket.destroy()
  }
}
