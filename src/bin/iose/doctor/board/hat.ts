// Whether the board that is plugged in is the one of the board file: what its ID EEPROM said at the start of the machine.

import type { Board } from '../../../../config/board.ts'
import { productOf } from '../../../../config/board-checks.ts'
import { WIRING_MARK, wiringMark } from '../../../../hardware/identity.ts'
import { type Finding, fine, warning, wrong } from '../finding.ts'
import { presentTree } from './device-tree.ts'

/** What the firmware shows of the EEPROM, by name: `vendor`, `product`, `custom_0`. */
export type HatFile = (name: string) => string | undefined

/** Of this machine. */
export const presentHat: HatFile = (name) => presentTree(`hat/${name}`)

/** @param image  where the image of its EEPROM is, for the remedy */
export function hatFinding(board: Board, file: HatFile, image: string): Finding[] {
  const { hat } = board
  if (hat === undefined) return []
  const flash = `sudo eepflash.sh -w -t=24c32 -f=${image}`
  const [vendor, product] = [file('vendor'), file('product')]
  if (product === undefined) {
    const found = `${FOLDER} is not there`
    const meaning =
      'no ID EEPROM was read at the start: no board, its EEPROM is empty, or this is no Raspberry Pi'
    return [warning(CHECK, { found, meaning, remedy: flash })]
  }
  const who = `${vendor ?? ''}, ${product}`
  if (vendor !== hat.vendor || product !== productOf(board)) {
    const found = `the ID EEPROM is that of ${who}`
    return [wrong(CHECK, { found, meaning: `not of ${hat.vendor}, ${productOf(board)}`, remedy: flash })]
  }
  const mark = markIn(file)
  if (mark === wiringMark(board)) return [fine(CHECK, `${who}: wired as the board file says`)]
  const found = `${who}: ${mark === undefined ? 'its EEPROM says nothing of its wiring' : 'it is wired in another way'}`
  const meaning =
    mark === undefined
      ? 'it was written for an older board file'
      : 'the board file is not the one of this board'
  const remedy = `${flash}, once the board is known to be wired as the file says`
  return [
    mark === undefined
      ? warning(CHECK, { found, meaning, remedy })
      : wrong(CHECK, { found, meaning, remedy }),
  ]
}

/** Which number the firmware gives to a custom atom depends on what else is there. */
function markIn(file: HatFile): string | undefined {
  const texts = Array.from({ length: CUSTOM_ATOMS }, (_, n) => file(`custom_${n}`))
  return texts.find((text) => text?.startsWith(WIRING_MARK))
}

const CHECK = 'board'
const FOLDER = '/proc/device-tree/hat'
const CUSTOM_ATOMS = 10
