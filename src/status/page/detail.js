// The details of one slot: what the gateway knows of it, what this page has seen, and what can be done.

import { fieldsIn, setText } from './board.js'
import { ask, order, token } from './wire.js'
import { ageText, callsFor, nameOf, plain, timeText } from './words.js'

const $ = (id) => document.getElementById(id)

export class Detail {
  #dialog = $('detail')
  #fields = fieldsIn($('detail'))
  #facts = () => undefined
  #rowOf
  #needToken
  #slot
  #atr
  #shown = ''
  /** By number of the slot: lines of what was seen, the latest first. */
  #events = new Map()

  /**
   * @param rowOf      the row of a slot as it is now
   * @param gateway    what is known of the gateway as a whole
   * @param needToken  is called when somebody has to give a token, with the words of the refusal
   */
  constructor({ rowOf, gateway, needToken }) {
    this.#rowOf = rowOf
    this.#facts = gateway
    this.#needToken = needToken
    for (const button of this.#dialog.querySelectorAll('[data-action]')) {
      button.addEventListener('click', () => this.#act(button.dataset.action))
    }
    this.#dialog.addEventListener('close', () => {
      this.#slot = undefined
    })
  }

  open(slot) {
    this.#slot = slot
    this.#atr = undefined
    this.#shown = ''
    setText($('action-said'), '')
    this.update()
    this.#dialog.showModal()
    this.#dialog.scrollTop = 0
    $('detail-title').focus()
  }

  /** Notes what has happened to a slot. */
  saw(slot, at, text) {
    const lines = this.#events.get(slot) ?? []
    this.#events.set(slot, [`${timeText(at)}  ${plain(text)}`, ...lines].slice(0, MAX_EVENTS))
    if (slot === this.#slot) this.#fill($('events'), this.#events.get(slot))
  }

  /** Something may be another now. */
  update(nowMs = Date.now()) {
    const row = this.#slot === undefined ? undefined : this.#rowOf(this.#slot)
    if (row === undefined) return
    this.#dialog.dataset.state = row.state
    setText($('detail-title'), `${plain(row.designator ?? `Slot ${row.slot}`)}: ${nameOf(row)}`)
    setText(this.#fields.state, row.state)
    const cause = [row.cause, row.doing].filter(Boolean).map(plain).join('; ')
    setText(this.#fields.cause, `for ${ageText(nowMs - Date.parse(row.since))}: ${cause}`)
    this.#offer(row)
    pairs($('facts'), factsOf(row, nowMs))
    const waiters = row.waiters.map(
      ({ holder, priority, since }) =>
        `${plain(holder)}, ${plain(priority)}, for ${ageText(nowMs - Date.parse(since))}`,
    )
    this.#fill($('waiters'), waiters, 'Nobody waits.')
    // What is below changes with the element only, and may be selected by somebody who reads.
    const shown = JSON.stringify([row.slot, row.atr, row.sen])
    if (shown === this.#shown) return
    this.#shown = shown
    this.#showMore(row)
    this.#showCalls(row)
    this.#fill($('events'), this.#events.get(row.slot) ?? [], 'Nothing yet.')
  }

  #offer(row) {
    const { actions = false } = this.#facts()
    for (const button of this.#dialog.querySelectorAll('[data-action]')) {
      const isRelease = row.state === 'quarantined'
      if (button.dataset.action === 'release') button.hidden = !isRelease
      if (button.dataset.action === 'quarantine') button.hidden = isRelease
      button.disabled = !actions
    }
    if (!actions) setText($('action-said'), 'Actions are off: [status] operator_token_file turns them on.')
  }

  async #act(name) {
    const row = this.#rowOf(this.#slot)
    const said = $('action-said')
    said.dataset.kind = ''
    setText(said, `${name}…`)
    try {
      const { status, body } = await order(`/api/slots/${encodeURIComponent(row.seid)}/${name}`)
      said.dataset.kind = status === 200 ? 'well' : 'failed'
      setText(said, status === 200 ? plain(body.outcome) : `Refused: ${plain(body.error ?? status)}`)
      if (status === 401)
        this.#needToken(token.get() === '' ? 'An action needs the operator token.' : REFUSED)
    } catch {
      said.dataset.kind = 'failed'
      setText(said, 'The gateway did not answer.')
    }
  }

  /** What the gateway tells of one slot only. */
  async #showMore(row) {
    const list = $('atr')
    $('on-board').hidden = true
    pairs(list, [['ATR', row.atr ?? 'none yet']])
    const { status, body } = await ask(`/api/slots/${encodeURIComponent(row.seid)}`).catch(() => ({}))
    if (status !== 200 || this.#slot !== row.slot) return
    pairs(
      $('wiring'),
      body.wiring.map(([name, text]) => [name, plain(text)]),
    )
    $('on-board').hidden = body.wiring.length === 0
    if (row.atr === null) return
    const words = body.atr_words.map(([name, value]) => [name, plain(value)])
    pairs(list, [['ATR', row.atr.replace(/..(?=.)/g, '$& ')], ...words])
  }

  #showCalls(row) {
    const { tlsSe } = this.#facts()
    const box = $('calls')
    const isNamed = row.sen !== null && /^[\x21-\x7e]+$/.test(row.sen) && tlsSe !== undefined
    const note = isNamed
      ? 'KEY_FILE holds the pre-shared key of this element, in hex.'
      : 'No client can reach it by name.'
    setText($('calls-note'), note)
    const calls = isNamed ? callsFor(row.sen, tlsSe, location.hostname) : []
    box.replaceChildren(...calls.map(copyable))
  }

  #fill(list, lines = [], none = '') {
    const texts = lines.length === 0 ? [none] : lines
    while (list.children.length > texts.length) list.lastElementChild.remove()
    while (list.children.length < texts.length) list.append(document.createElement('li'))
    for (const [n, text] of texts.entries()) setText(list.children[n], text)
  }
}

function factsOf(row, nowMs) {
  const ago = (instant) => `${ageText(nowMs - Date.parse(instant))} ago`
  const { last } = row
  return [
    ['SEID', plain(row.seid)],
    ['aliases', row.aliases.map(plain).join(', ') || 'none'],
    ['driver', plain(row.driver)],
    ['application', row.aid ?? 'selected by default'],
    ['holder', row.holder === null ? 'nobody' : `${plain(row.holder)}, since ${timeText(row.held_since)}`],
    ['last session', last === null ? 'none yet' : `${plain(last.cause)} (${plain(last.code)})`],
    ['it was of', last === null ? 'nobody' : `${plain(last.holder)}, ${ago(last.at)}`],
    ['sessions', String(row.sessions)],
    ['APDUs', `${row.apdus}, ${row.errors} without an answer`],
    ['resets', String(row.resets)],
    ['fell mute', `${row.mutes} times, ${row.quarantines} quarantines`],
  ]
}

/** Writes names and values into a list of them. */
export function pairs(list, entries) {
  while (list.children.length > 2 * entries.length) list.lastElementChild.remove()
  while (list.children.length < 2 * entries.length) {
    list.append(document.createElement('dt'), document.createElement('dd'))
  }
  for (const [n, [name, value]] of entries.entries()) {
    setText(list.children[2 * n], name)
    setText(list.children[2 * n + 1], value)
  }
}

function copyable(command) {
  const box = document.createElement('div')
  const text = document.createElement('code')
  const button = document.createElement('button')
  box.className = 'call'
  text.textContent = command
  button.type = 'button'
  button.textContent = 'Copy'
  button.setAttribute('aria-label', `Copy the ${command.split(' ', 1)[0]} command`)
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command)
      button.textContent = 'Copied'
    } catch {
      // Only a page of this machine or over TLS may write there.
      getSelection().selectAllChildren(text)
      button.textContent = 'Selected'
    }
  })
  box.append(text, button)
  return box
}

export const REFUSED = 'The gateway does not accept this token for that.'
const MAX_EVENTS = 20
