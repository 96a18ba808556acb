// The slots: one panel each, in the order of the board or of the slots. Only text that has changed is written.

import { lineOf, Rates, rateText } from './rates.js'
import { ageText, endText, nameOf, plain, STATES } from './words.js'

export class Board {
  /** By number of the slot. */
  rows = new Map()
  #list
  #template
  #panels = new Map()
  #open

  /** @param open  is called with the number of a slot whose details are wanted */
  constructor(list, template, open) {
    this.#list = list
    this.#template = template
    this.#open = open
  }

  /** These are all slots. */
  replace(rows, nowMs) {
    this.rows = new Map(rows.map((row) => [row.slot, row]))
    for (const [slot, panel] of this.#panels) {
      if (this.rows.has(slot)) continue
      panel.item.remove()
      this.#panels.delete(slot)
    }
    for (const row of rows) this.take(row, nowMs)
  }

  /** This is one of them. */
  take(row, nowMs) {
    this.rows.set(row.slot, row)
    const panel = this.#panels.get(row.slot) ?? this.#added(row)
    panel.rates.take(row.apdus, nowMs)
    this.#write(panel, row, nowMs)
  }

  /** Time has passed. */
  tick(nowMs) {
    for (const [slot, panel] of this.#panels) {
      this.#write(panel, this.rows.get(slot), nowMs)
      drawRates(panel, nowMs)
    }
  }

  /** How many are in which state, as pairs. */
  get totals() {
    const rows = [...this.rows.values()]
    return STATES.map((state) => [state, rows.filter((row) => row.state === state).length])
  }

  #added(row) {
    const item = this.#template.content.firstElementChild.cloneNode(true)
    const fields = fieldsIn(item)
    const panel = { item, fields, path: item.querySelector('path'), rates: new Rates() }
    fields.name.addEventListener('click', () => this.#open(row.slot))
    fields.name.id = `slot-${row.slot}`
    this.#panels.set(row.slot, panel)
    this.#arrange()
    drawRates(panel, Date.now())
    return panel
  }

  /** As on the board, where U3 is the third of row U; else in the order of slots. */
  #arrange() {
    const rows = [...this.rows.values()].sort((a, b) => a.slot - b.slot)
    const places = rows.map(({ designator }) => /^([A-Za-z]+)(\d{1,2})$/.exec(designator ?? ''))
    const isPhysical = rows.length > 1 && places.every((place) => place !== null)
    const lines = [...new Set(places.map((place) => place?.[1]))]
    const columns = Math.max(1, ...places.map((place) => Number(place?.[2] ?? 0)))
    this.#list.classList.toggle('physical', isPhysical)
    this.#list.style.setProperty('--columns', columns)
    for (const [n, { slot }] of rows.entries()) {
      const item = this.#panels.get(slot)?.item
      if (item === undefined) continue
      item.style.setProperty('--row', lines.indexOf(places[n]?.[1]) + 1)
      item.style.setProperty('--column', Number(places[n]?.[2] ?? 1))
      if (this.#list.children[n] !== item) this.#list.insertBefore(item, this.#list.children[n] ?? null)
    }
  }

  #write({ item, fields }, row, nowMs) {
    const since = (instant) => nowMs - Date.parse(instant)
    item.dataset.state = row.state
    item.dataset.seid = row.seid
    item.dataset.last = row.last === null ? 'none' : row.last.code === 'closed' ? 'well' : 'failed'
    setText(fields.place, plain(row.designator ?? String(row.slot)))
    setText(fields.name, nameOf(row))
    setText(fields.state, row.state)
    setText(fields.seid, `${plain(row.seid)}, ${plain(row.driver)}`)
    setText(fields.age, `for ${ageText(since(row.since))}`)
    setText(fields.cause, [row.cause, row.doing].filter(Boolean).map(plain).join('; '))
    setText(fields.holder, row.holder === null ? 'nobody' : plain(row.holder))
    setText(fields.queue, row.queue === 0 ? 'empty' : `${row.queue} waiting`)
    setText(fields.last, endText(row.last, row.last === null ? 0 : since(row.last.at)))
  }
}

/** Elements by what they show. */
export function fieldsIn(root) {
  return Object.fromEntries([...root.querySelectorAll('[data-field]')].map((one) => [one.dataset.field, one]))
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
  if (element.title !== text && element.dataset.field !== undefined) element.title = text
}

function drawRates({ path, fields, rates }, nowMs) {
  const line = rates.at(nowMs)
  path.setAttribute('d', lineOf(line))
  // The last two seconds are not over yet.
  setText(fields.rate, `${rateText(Math.max(...line.slice(-2)))} APDU/s`)
  setText(fields.peak, `peak ${rateText(Math.max(...line))} in 2 min`)
}
