// What the ID EEPROM of a board says. Pure.

import type { Board } from '../config/board.ts'
import { productOf } from '../config/board-checks.ts'
import type { Eeprom } from './eeprom.ts'
import { boardUuid, wiringMark } from './identity.ts'

/**
 * That of a HAT+; undefined when the board is no HAT.
 * @param serial  of one board: without it, all boards of a revision have one UUID
 */
export function boardEeprom(board: Board, serial?: string): Eeprom | undefined {
  const { hat } = board
  if (hat === undefined) return undefined
  const { vendor, productId, productVersion, overlay } = hat
  const uuid = boardUuid(board, serial)
  return {
    version: 2,
    vendor: { uuid, productId, productVersion, vendor, product: productOf(board) },
    deviceTree: Buffer.from(overlay, 'latin1'),
    custom: [Buffer.from(wiringMark(board), 'latin1')],
  }
}
