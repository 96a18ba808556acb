// The process and the machine under it: event loop, processor, memory, files, disk space, certificates.

import { readdir, statfs } from 'node:fs/promises'
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { type Family, type Sample, single } from './family.ts'

/** A file with an end to its validity. */
export interface Expiry {
  readonly file: 'server' | 'ca' | 'crl'
  /** Milliseconds since 1970. */
  readonly atMs: number
}

export interface ProcessOptions {
  readonly version: string
  readonly stateDir: string
  readonly expiries: () => readonly Expiry[]
}

export function processFamilies({ version, stateDir, expiries }: ProcessOptions): readonly Family[] {
  const startedAtS = Date.now() / 1000 - process.uptime()
  return [
    {
      name: 'iose_build_info',
      help: 'Always one; its labels say which version of the gateway runs on which version of Node.js.',
      type: 'gauge',
      draw: () => [{ labels: { version, node: process.versions.node }, value: 1 }],
    },
    {
      name: 'iose_certificate_expiry_seconds',
      help: 'When the server certificate, the authority, or the revocation list (its next update) ends, in seconds since 1970.',
      type: 'gauge',
      draw: () => expiries().map(({ file, atMs }) => ({ labels: { file }, value: atMs / 1000 })),
    },
    {
      name: 'iose_state_free_bytes',
      help: 'Space that is left for the gateway where its state directory is.',
      type: 'gauge',
      draw: () => freeBytes(stateDir),
    },
    loopFamily(new LoopDelay()),
    single(
      'counter',
      'iose_process_cpu_seconds_total',
      'Processor time of the gateway, user and system together.',
      () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / 1e6
      },
    ),
    single('gauge', 'iose_process_resident_memory_bytes', 'Memory of the gateway that is in RAM.', () =>
      process.memoryUsage.rss(),
    ),
    single(
      'gauge',
      'iose_process_heap_used_bytes',
      'Memory that JavaScript objects of the gateway take.',
      () => process.memoryUsage().heapUsed,
    ),
    {
      name: 'iose_process_open_fds',
      help: 'Files and sockets that the gateway has open.',
      type: 'gauge',
      draw: () => openFiles(),
    },
    single(
      'gauge',
      'iose_process_start_time_seconds',
      'When the gateway was started, in seconds since 1970.',
      () => startedAtS,
    ),
  ]
}

function loopFamily(loop: LoopDelay): Family {
  return {
    name: 'iose_event_loop_delay_seconds',
    help: 'How late timers are since the scrape before: mean, 99th percentile and maximum. Zero at the first scrape.',
    type: 'gauge',
    draw: () => loop.samples(),
  }
}

/** Watches from the first scrape on: where nobody looks, an idle gateway stays idle. */
class LoopDelay {
  #watch: IntervalHistogram | undefined

  samples(): Sample[] {
    const delays = this.#take()
    return Object.entries(delays).map(([stat, seconds]) => ({ labels: { stat }, value: seconds }))
  }

  #take(): Record<'mean' | 'p99' | 'max', number> {
    const watch = this.#watch
    if (watch === undefined) {
      this.#watch = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
      this.#watch.enable()
      return { mean: 0, p99: 0, max: 0 }
    }
    // The histogram has the time from one timer to the next; without any yet its mean is NaN.
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000) || 0
    const hasAny = watch.count > 0
    const delays = {
      mean: late(watch.mean),
      p99: hasAny ? late(watch.percentile(99)) : 0,
      max: hasAny ? late(watch.max) : 0,
    }
    watch.reset()
    return delays
  }
}

async function freeBytes(directory: string): Promise<Sample[]> {
  try {
    const { bavail, bsize } = await statfs(directory)
    return [{ labels: {}, value: bavail * bsize }]
  } catch {
    // Not there, or not ours to ask: then nothing is said about it.
    return []
  }
}

async function openFiles(): Promise<Sample[]> {
  try {
    const files = await readdir('/proc/self/fd')
    // The one that reads the directory is not counted.
    return [{ labels: {}, value: files.length - 1 }]
  } catch {
    // No Linux.
    return []
  }
}

const RESOLUTION_MS = 20
