// All that is generated from a board file, by name. The text is made here; scripts/hardware/main.ts writes it.

import type { Board } from '../../src/config/board.ts'
import { boardEeprom } from '../../src/hardware/board-eeprom.ts'
import { encodeEeprom } from '../../src/hardware/eeprom.ts'
import { slotMapPicture } from '../../src/hardware/slot-map.ts'
import { eepromText } from './eeprom-text.ts'
import { overlaySource } from './overlay.ts'
import { pinoutPicture } from './pinout.ts'

/** One file that follows from a board file. */
export interface Artefact {
  /** What people call it. */
  readonly name: string
  /** Below hardware/. */
  readonly file: string
  readonly bytes: Uint8Array
}

/**
 * The artefacts of a board. One that is added here (netlist, bill of materials) is written, compared and tested like
 * the others.
 * @param stem  the name of its board file, without ending: `hat-rev-a`
 */
export function artefactsOf(board: Board, stem: string): Artefact[] {
  const text = (name: string, file: string, content: string): Artefact => ({
    ...{ name, file },
    bytes: Buffer.from(content, 'utf8'),
  })
  const pictures = [
    text('pinout', `pictures/${stem}-pinout.svg`, pinoutPicture(board)),
    text('slot map', `pictures/${stem}-slots.svg`, slotMapPicture(board)),
  ]
  const { hat } = board
  const eeprom = boardEeprom(board)
  if (hat === undefined || eeprom === undefined) return pictures
  return [
    text('overlay', `overlay/${hat.overlay}.dts`, overlaySource(board, hat)),
    text('EEPROM text', `eeprom/${stem}.txt`, eepromText(eeprom, stem)),
    { name: 'EEPROM image', file: `eeprom/${stem}.eep`, bytes: encodeEeprom(eeprom) },
    ...pictures,
  ]
}

/**
 * Those of `artefacts` that are not as they should be.
 * @param contentOf  what is in a file below hardware/; undefined when there is none
 */
export function staleOf(
  artefacts: readonly Artefact[],
  contentOf: (file: string) => Uint8Array | undefined,
): Artefact[] {
  return artefacts.filter(({ file, bytes }) => {
    const found = contentOf(file)
    return found === undefined || !Buffer.from(bytes).equals(found)
  })
}
