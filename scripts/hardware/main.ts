// Writes what follows from the board files, or says what is stale; see scripts/build-hardware --help.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/base/errors.ts'
import { parseBoard } from '../../src/config/board.ts'
import { boardEeprom } from '../../src/hardware/board-eeprom.ts'
import { encodeEeprom } from '../../src/hardware/eeprom.ts'
import { artefactsOf, staleOf } from './artefacts.ts'

function main(): number {
  const { values } = parseArgs({
    options: {
      check: { type: 'boolean' },
      hardware: { type: 'string' },
      serial: { type: 'string' },
      eeprom: { type: 'string' },
      board: { type: 'string' },
    },
  })
  const folder = resolve(values.hardware ?? join(import.meta.dirname, '../../hardware'))
  if (values.serial !== undefined) return writeSerial(folder, values)
  const boards = readdirSync(join(folder, 'boards')).filter((file) => file.endsWith('.toml'))
  let stale = 0
  for (const file of boards.sort()) {
    const artefacts = artefactsOf(boardIn(folder, file), file.replace(/\.toml$/, ''))
    const contentOf = (name: string): Uint8Array | undefined => {
      const path = join(folder, name)
      return existsSync(path) ? readFileSync(path) : undefined
    }
    for (const { name, file: target, bytes } of staleOf(artefacts, contentOf)) {
      stale++
      const path = join(folder, target)
      if (values.check === true) {
        process.stderr.write(`stale: ${name} (${target}) does not follow from boards/${file}\n`)
        continue
      }
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, bytes)
      process.stdout.write(`written: ${target}\n`)
    }
  }
  if (values.check !== true || stale === 0) return 0
  process.stderr.write('Next: scripts/build-hardware\n')
  return 1
}

/** The image of one board, whose UUID is its own. */
function writeSerial(folder: string, { serial, eeprom, board }: Record<string, unknown>): number {
  if (typeof serial !== 'string' || typeof eeprom !== 'string' || typeof board !== 'string')
    throw new Error('--serial needs --board NAME and --eeprom FILE')
  const content = boardEeprom(boardIn(folder, `${board}.toml`), serial)
  if (content === undefined) throw new Error(`boards/${board}.toml has no [hat], so no ID EEPROM`)
  writeFileSync(eeprom, encodeEeprom(content))
  process.stdout.write(`written: ${eeprom}, UUID ${content.vendor.uuid}\n`)
  return 0
}

function boardIn(folder: string, file: string) {
  const path = join(folder, 'boards', file)
  return parseBoard({ toml: readFileSync(path, 'utf8'), file: path })
}

try {
  process.exitCode = main()
} catch (error) {
  process.stderr.write(`build-hardware: ${messageOf(error)}\n`)
  process.exitCode = 1
}
