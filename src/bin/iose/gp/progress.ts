// A bar on standard error, if somebody looks at it.

/** What to call after each step; `end` clears the line. */
export interface Bar {
  step(done: number, total: number): void
  end(): void
}

/** @param name  what goes on @param isQuiet  shows nothing */
export function progressBar(name: string, isQuiet: boolean): Bar {
  if (isQuiet || !process.stderr.isTTY) return { step: () => undefined, end: () => undefined }
  return {
    step(done, total) {
      const filled = Math.round((done / total) * BAR_WIDTH)
      const bar = '#'.repeat(filled).padEnd(BAR_WIDTH, '.')
      process.stderr.write(`\r${name} [${bar}] ${done}/${total}`)
    },
    end() {
      process.stderr.write('\r\x1b[K')
    },
  }
}

const BAR_WIDTH = 40
