// Writes the KiCad files that follow from a board file, or says what is stale; see scripts/build-schematic --help.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../../../src/base/errors.ts'
import { parseBoard } from '../../../src/config/board.ts'
import { staleOf } from '../artefacts.ts'
import { kicadFilesOf } from './files.ts'

function main(): number {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, hardware: { type: 'string' } } })
  const folder = resolve(values.hardware ?? join(import.meta.dirname, '../../../hardware'))
  const source = join(folder, `boards/${STEM}.toml`)
  const files = kicadFilesOf(parseBoard({ toml: readFileSync(source, 'utf8'), file: source }), STEM)
  const stale = staleOf(files, (file) => {
    const path = join(folder, file)
    return existsSync(path) ? readFileSync(path) : undefined
  })
  for (const { name, file, bytes } of stale) {
    if (values.check === true) {
      process.stderr.write(`stale: ${name} (${file}) does not follow from boards/${STEM}.toml\n`)
      continue
    }
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), bytes)
    process.stdout.write(`written: ${file}\n`)
  }
  if (values.check !== true || stale.length === 0) return 0
  process.stderr.write('Next: scripts/build-schematic\n')
  return 1
}

const STEM = 'hat-rev-a'

try {
  process.exitCode = main()
} catch (error) {
  process.stderr.write(`build-schematic: ${messageOf(error)}\n`)
  process.exitCode = 1
}
