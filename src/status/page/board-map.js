// The board that the slots are on: its slot map, drawn by the gateway from its board file.

import { plain } from './words.js'

/** Once: the board does not change while the gateway runs. A gateway without a board shows none. */
export function showBoard(section, board) {
  section.hidden = board === undefined
  if (board === undefined || section.dataset.board === board.name) return
  section.dataset.board = board.name
  const name = plain(board.name)
  const picture = document.createElement('img')
  picture.alt = `Slot map of ${name}. The details of each slot say the same in words.`
  picture.loading = 'lazy'
  picture.src = board.picture
  const summary = section.querySelector('summary')
  summary.textContent = `Slot map of ${name}`
  section.querySelector('figure').replaceChildren(picture)
}
