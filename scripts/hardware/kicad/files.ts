// All files of the KiCad project that follow from a board file.

import type { Board } from '../../../src/config/board.ts'
import type { Artefact } from '../artefacts.ts'
import { designOf } from './design.ts'
import { billOfMaterials } from './parts-list.ts'
import { schematicOf, symbolLibrary } from './schematic.ts'

/** @param stem  the name of the board file, without ending: `hat-rev-a` */
export function kicadFilesOf(board: Board, stem: string): Artefact[] {
  const parts = designOf(board)
  const file = (name: string, path: string, text: string): Artefact => ({
    ...{ name, file: `kicad/${path}` },
    bytes: Buffer.from(text, 'utf8'),
  })
  const title = `${board.name}, revision ${board.revision}`
  return [
    ...schematicOf(parts, stem, title).map((sheet) =>
      file(`schematic ${sheet.file}`, sheet.file, sheet.text),
    ),
    file('symbols', 'iose.kicad_sym', symbolLibrary()),
    file('symbol table', 'sym-lib-table', table('sym', '${KIPRJMOD}/iose.kicad_sym')),
    file('footprint table', 'fp-lib-table', table('fp', '${KIPRJMOD}/iose.pretty')),
    file('bill of materials', 'bom.csv', billOfMaterials(parts)),
    file('project', `${stem}.kicad_pro`, `${JSON.stringify(projectOf(stem), null, 2)}\n`),
  ]
}

function table(kind: 'sym' | 'fp', uri: string): string {
  return `(${kind}_lib_table\n  (version 7)\n  (lib (name "iose")(type "KiCad")(uri "${uri}")(options "")(descr ""))\n)\n`
}

function projectOf(stem: string): object {
  return {
    meta: { filename: `${stem}.kicad_pro`, version: 3 },
    schematic: { legacy_lib_dir: '', legacy_lib_list: [] },
  }
}
