// Entry of the tool for users and operators. CommonJS as its neighbour iosed.ts, for the same package.json.

import('./iose/main.ts').catch((error: unknown) => {
  process.stderr.write(`iose: cannot start: ${String(error)}\n`)
  process.exitCode = 70
})
