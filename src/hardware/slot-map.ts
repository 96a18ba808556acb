// The slots of a board as they are wired, one card each.

import type { Board, BoardSlot } from '../config/board.ts'
import { productOf } from '../config/board-checks.ts'
import { slotFacts } from './facts.ts'
import { escaped, svg, words } from './svg.ts'

/** As SVG. */
export function slotMapPicture(board: Board): string {
  const title = `${productOf(board)}: slots`
  const rows = Math.ceil(board.slots.length / COLUMNS)
  const most = Math.max(...board.slots.map((slot) => slotFacts(slot, board).length))
  const cardHeight = CARD_TOP + most * LINE - 4
  const body = board.slots.map((slot, index) => {
    const x = GAP + (index % COLUMNS) * (CARD + GAP)
    const y = TOP + Math.floor(index / COLUMNS) * (cardHeight + GAP)
    return cardOf(slot, board, { x, y, height: cardHeight })
  })
  const list = board.slots.map((slot) => {
    const facts = slotFacts(slot, board).map(({ name, text }) => `${name} ${text}`)
    return `${slot.designator}: ${facts.join(', ')}`
  })
  return svg({
    ...{ title, description: `${list.join('. ')}.` },
    ...{ width: GAP + COLUMNS * (CARD + GAP), height: TOP + rows * (cardHeight + GAP) },
    body: words(GAP, 30, title, 'class="head"') + body.join(''),
  })
}

interface Place {
  readonly x: number
  readonly y: number
  readonly height: number
}

function cardOf(slot: BoardSlot, board: Board, { x, y, height }: Place): string {
  const lines = slotFacts(slot, board).map(({ name, text }, n) => {
    const at = y + CARD_TOP + n * LINE
    return words(x + 12, at, name, 'class="small"') + words(x + 78, at, text)
  })
  const card = `<rect class="card" x="${x}" y="${y}" width="${CARD}" height="${height}" rx="6"/>\n`
  const head = words(x + 12, y + 24, slot.designator, 'class="head"') + words(x + 60, y + 23, slot.part ?? '')
  return `<g aria-label="${escaped(slot.designator)}">\n${card}${head}${lines.join('')}</g>\n`
}

const COLUMNS = 4
const CARD = 300
const GAP = 14
const TOP = 48
const CARD_TOP = 46
const LINE = 19
