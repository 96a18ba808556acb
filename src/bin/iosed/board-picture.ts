// The board that the slots are on, as a picture for the status page.

import type { Board } from '../../config/board.ts'
import { productOf } from '../../config/board-checks.ts'
import { slotMapPicture } from '../../hardware/slot-map.ts'
import type { BoardPicture } from '../../status/files.ts'

/** Undefined without a board. */
export function boardPicture(board: Board | undefined): BoardPicture | undefined {
  return board && { name: productOf(board), svg: slotMapPicture(board) }
}
