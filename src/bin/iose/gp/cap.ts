// CAP files as subcommands read them, and what they print of them.

import { readFileSync, statSync } from 'node:fs'
import { messageOf } from '../../../base/errors.ts'
import { hexOf } from '../../../base/hex.ts'
import { MAX_ARCHIVE_BYTES } from '../../../globalplatform/cap/archive.ts'
import { type CapFile, readCap } from '../../../globalplatform/cap/cap.ts'
import { CapError } from '../../../globalplatform/cap/errors.ts'
import { CliError, EXIT } from '../command.ts'
import { printLine } from '../racs/output.ts'

/** @throws CliError */
export async function capIn(path: string): Promise<CapFile> {
  try {
    const { size } = statSync(path)
    // Not to fill the memory with something else that was meant by mistake.
    if (size > MAX_ARCHIVE_BYTES)
      throw new CapError(
        'cap.too-large',
        `${size} bytes are more than the ${MAX_ARCHIVE_BYTES} of the largest CAP file`,
      )
    return await readCap(readFileSync(path))
  } catch (error) {
    if (error instanceof CapError || (error as NodeJS.ErrnoException).code !== undefined)
      throw new CliError(EXIT.usage, `${path}: ${messageOf(error)}`)
    throw error
  }
}

/** Packages, applets and imports, for people. */
export function printCap(cap: CapFile): void {
  const { package: own, javaCard } = cap
  const name = own.name === undefined ? '' : `  ${own.name}`
  printLine(`package   ${hexOf(own.aid)}  version ${own.version}${name}`)
  for (const { aid } of cap.applets) printLine(`applet    ${hexOf(aid)}`)
  for (const { aid, version, name: known = '' } of cap.imports)
    printLine(`imports   ${hexOf(aid)}  version ${version}  ${known}`.trimEnd())
  if (javaCard !== undefined) printLine(`needs     Java Card ${javaCard}${cap.needsInt ? ', int' : ''}`)
  if (cap.isSimulatorOnly) printLine('needs     a simulator: it imports a package that no card has')
  printLine(`load file ${cap.loadFileData.length} bytes`)
}

/** The same for programs. */
export function capJson(cap: CapFile) {
  const { package: own, applets, imports, javaCard, isSimulatorOnly, needsInt, loadFileData } = cap
  return {
    package: { ...own, aid: hexOf(own.aid) },
    applets: applets.map(({ aid }) => hexOf(aid)),
    imports: imports.map((each) => ({ ...each, aid: hexOf(each.aid) })),
    javaCard: javaCard ?? null,
    isSimulatorOnly,
    needsInt,
    loadFileBytes: loadFileData.length,
  }
}
