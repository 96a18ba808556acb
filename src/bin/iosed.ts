// Entry of the gateway. CommonJS (see package.json beside it) for one reason: libuv reads UV_THREADPOOL_SIZE when
// its pool starts, and loading an ES module starts it.

process.env['UV_THREADPOOL_SIZE'] ??= '64'

import('./iosed/main.ts').catch((error: unknown) => {
  process.stderr.write(`iosed: cannot start: ${String(error)}\n`)
  process.exitCode = 70
})
