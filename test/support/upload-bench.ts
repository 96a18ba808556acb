// A status plane in this process that hands updates to the real `iose update receive` over an appliance in files.

import { type ClientRequest, request } from 'node:http'
import type { StatusEnvironment } from '../../src/status/server.ts'
import type { UpdateRow } from '../../src/status/update/row.ts'
import type { UploadLimits } from '../../src/status/update/upload.ts'
import { OPERATOR_TOKEN, reportOf, StatusBench } from './status-bench.ts'
import { UpdateBench } from './update-bench.ts'
import { UpdateService } from './update-service.ts'

export interface UploadBenchOptions {
  readonly limits?: Partial<UploadLimits>
  /** Instead of that of the service. */
  readonly path?: string
  readonly changes?: Partial<StatusEnvironment>
}

export interface UploadAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, string>>
}

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly token?: string
  /** Instead of sending all in one piece. */
  readonly send?: (sent: ClientRequest) => void
}

export class UploadBench implements AsyncDisposable {
  readonly appliance = new UpdateBench()
  service!: UpdateService
  plane!: StatusBench

  static async start({ limits, path, changes }: UploadBenchOptions = {}): Promise<UploadBench> {
    const bench = new UploadBench()
    bench.service = await UpdateService.start(bench.appliance)
    bench.plane = await StatusBench.start([reportOf(1)], '127.0.0.1', {
      operatorToken: OPERATOR_TOKEN,
      updates: { path: path ?? bench.service.path, limits: { ...LIMITS, ...limits } },
      ...changes,
    })
    return bench
  }

  /** As a client of the page's origin with the operator's token, in one piece unless told otherwise. */
  upload(bytes: Uint8Array, options: PostOptions = {}): Promise<UploadAnswer> {
    return this.post('/api/update', bytes, options)
  }

  restart(options: PostOptions = {}): Promise<UploadAnswer> {
    return this.post('/api/update/restart', Buffer.alloc(0), options)
  }

  async post(path: string, bytes: Uint8Array, options: PostOptions = {}): Promise<UploadAnswer> {
    const { headers = {}, token = OPERATOR_TOKEN } = options
    const send = options.send ?? ((sent: ClientRequest) => sent.end(bytes))
    const host = `127.0.0.1:${this.plane.port}`
    const own = {
      ...{ host, origin: `http://${host}`, authorization: `Bearer ${token}` },
      'content-length': String(bytes.length),
      'content-type': 'application/octet-stream',
      ...headers,
    }
    return new Promise((resolve, reject) => {
      const sent = request({
        port: this.plane.port,
        host: '127.0.0.1',
        path,
        method: 'POST',
        agent: false,
        headers: own,
      })
      sent.on('response', (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('error', reject)
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, string> })
        })
      })
      // What is not taken any more when the answer is there already is no matter.
      sent.on('error', reject)
      send(sent)
    })
  }

  /** What the feed tells of updates, from now on. */
  async watch(): Promise<UpdateWatch> {
    const watch = new UpdateWatch()
    const { port } = this.plane
    const asked = request({ port, host: '127.0.0.1', path: '/api/events', agent: false })
    asked.on('response', (response) => response.on('data', (chunk: Buffer) => watch.take(chunk.toString())))
    asked.on('error', () => undefined)
    asked.end()
    await watch.isListening
    return watch
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane[Symbol.asyncDispose]()
    await this.service[Symbol.asyncDispose]()
    this.appliance[Symbol.dispose]()
  }
}

export class UpdateWatch {
  readonly rows: UpdateRow[] = []
  readonly isListening: Promise<void>
  #text = ''
  #look: () => void = () => undefined
  #begin: () => void = () => undefined

  constructor() {
    this.isListening = new Promise((resolve) => {
      this.#begin = resolve
    })
  }

  take(text: string): void {
    const blocks = (this.#text + text).split('\n\n')
    this.#text = blocks.pop() ?? ''
    this.#begin()
    for (const block of blocks) {
      const [, row] = /^event: update\ndata: (.*)$/.exec(block) ?? []
      if (row !== undefined) this.rows.push(JSON.parse(row) as UpdateRow)
    }
    this.#look()
  }

  /** The first row that fits, as soon as it is there. */
  async row(fits: (row: UpdateRow) => boolean): Promise<UpdateRow> {
    for (;;) {
      const found = this.rows.find(fits)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
    }
  }
}

/** Nothing here takes as long, unless it hangs. */
const LIMITS: UploadLimits = { silenceMs: 30_000, stuckMs: 30_000, wholeMs: 60_000 }
