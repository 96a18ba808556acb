// The sessions of clients that ended last, those that never reached a slot among them.

import { setText } from './board.js'
import { ageText, plain } from './words.js'

export class Sessions {
  #list
  #rows = []
  #filter

  constructor(list, filter) {
    this.#list = list
    this.#filter = filter
  }

  replace(rows) {
    this.#rows = rows
  }

  add(row) {
    this.#rows = [row, ...this.#rows.slice(0, MAX_ROWS - 1)]
  }

  /** Writes them as they are now. */
  show(nowMs) {
    const isWanted = ({ code }) => !this.#filter.checked || code !== 'closed'
    const rows = this.#rows.filter(isWanted)
    const list = this.#list
    const count = Math.max(1, rows.length)
    while (list.children.length > count) list.lastElementChild.remove()
    while (list.children.length < count) list.append(emptyLine())
    if (rows.length === 0) fill(list.children[0], 'none', ['none yet', '', '', '', ''])
    for (const [n, row] of rows.entries()) {
      fill(list.children[n], row.code === 'closed' ? 'well' : 'failed', cellsOf(row, nowMs))
    }
  }
}

function cellsOf(row, nowMs) {
  return [
    `${ageText(nowMs - Date.parse(row.at))} ago`,
    plain(row.sen ?? (row.code === 'peer.unknown-sen' ? 'unknown name' : 'no name')),
    row.seid === null ? 'no slot' : plain(row.seid),
    row.code === 'closed' ? plain(row.cause) : `${plain(row.cause)} (${plain(row.code)})`,
    `${plain(row.peer)}, ${row.records} records in ${(row.duration_ms / 1000).toFixed(1)} s`,
  ]
}

function emptyLine() {
  const item = document.createElement('li')
  for (const name of CELLS) {
    const cell = document.createElement('span')
    cell.className = name
    item.append(cell)
  }
  return item
}

function fill(item, kind, cells) {
  item.dataset.last = kind
  for (const [n, text] of cells.entries()) setText(item.children[n], text)
}

const CELLS = ['when', 'who', 'where', 'why', 'from']
const MAX_ROWS = 50
