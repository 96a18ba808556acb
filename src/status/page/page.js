// The status page: puts its parts together.

import { Board, setText } from './board.js'
import { showBoard } from './board-map.js'
import { Detail } from './detail.js'
import { Sessions } from './sessions.js'
import { TokenDialog } from './token.js'
import { Update } from './update.js'
import { ask, listen } from './wire.js'
import { plain, timeText } from './words.js'

const $ = (id) => document.getElementById(id)
let gateway = {}
let link = { state: 'seeking', since: Date.now() }
/** How much the clock of the gateway is ahead of ours. */
let aheadMs = 0
let isDirty = false
/** By SEID: what became of it since it was last spoken of. */
const unspoken = new Map()

const now = () => Date.now() + aheadMs
const board = new Board($('slots'), $('slot'), (slot) => detail.open(slot))
const tokens = new TokenDialog(() => {
  facts()
  retry()
})
const detail = new Detail({
  rowOf: (slot) => board.rows.get(slot),
  gateway: () => gateway,
  needToken: (why) => tokens.open(why),
})
const update = new Update({ needToken: (why) => tokens.open(why), changed: facts })
const sessions = new Sessions($('sessions'), $('failed-only'))
$('failed-only').addEventListener('change', refreshSoon)
const retry = listen({ onEvent, onLink })

function onEvent(name, value) {
  if (name === 'date') begin(value)
  else if (name === 'slots') board.replace(value, now())
  else if (name === 'slot') board.take(value, now())
  else if (name === 'session') onSession(value)
  else if (name === 'change') onChange(value)
  else if (name === 'update') update.take(value)
  else if (name === 'press') detail.saw(value.slot, value.at, `button, ${value.held_ms} ms: ${value.outcome}`)
  refreshSoon()
}

/** The gateway is there. */
function begin(date) {
  aheadMs = date === null ? 0 : Date.parse(date) - Date.now()
  // Its date has whole seconds: a smaller difference is none.
  if (Math.abs(aheadMs) < 1_500) aheadMs = 0
  facts()
  ask('/api/sessions').then(
    ({ status, body }) => {
      if (status === 200) sessions.replace(body)
      refreshSoon()
    },
    () => undefined,
  )
}

async function facts() {
  const { status, body } = await ask('/api/gateway').catch(() => ({}))
  if (status !== 200) return
  gateway = body
  update.tell(body)
  const name = plain(body.name ?? 'Gateway')
  setText($('name'), name)
  const facts = [updateWords(body.update), configurationWords(body.refusedConfiguration), factWords(body)]
  setText($('version'), `IoSE gateway ${plain(body.version ?? '')}${facts.join('')}`)
  document.title = `${name}: secure elements`
  showBoard($('board-map'), body.board)
  refreshSoon()
}

/** What is wrong with the clock, and how much the card has written. */
function factWords({ clock, flash }) {
  return [clock, flash].map((words) => (words ? `. ${plain(words)}` : '')).join('')
}

/** Of an appliance: what runs there, and what became of an update that did not stay. */
function updateWords(update) {
  if (!update?.running) return ''
  const { running, last } = update
  const where = `, slot ${plain(running.slot)}${running.isConfirmed ? '' : ' on trial'}`
  if (last?.outcome !== 'failed' && last?.outcome !== 'fell-back') return where
  return `${where}. Update ${plain(last.version ?? `in slot ${last.slot}`)} was given up: ${plain(last.reason ?? '')}`
}

function configurationWords(refused) {
  return refused ? `. The configuration on the card was refused: ${plain(refused)}` : ''
}

function onSession(session) {
  sessions.add(session)
  if (session.slot !== null) {
    detail.saw(
      session.slot,
      session.at,
      `session of ${session.peer} ended: ${session.cause} (${session.code})`,
    )
  }
}

function onChange({ slot, seid, from, to, cause, at }) {
  detail.saw(slot, at, `${from} → ${to}: ${cause}`)
  const before = unspoken.get(seid)?.from ?? from
  unspoken.set(seid, { from: before, to, cause })
}

/** Says what has changed, once in a while; what is as it was before is not worth a word. */
function speak() {
  const changes = [...unspoken].filter(([, { from, to }]) => from !== to)
  unspoken.clear()
  if (changes.length === 0) return
  const words = changes
    .slice(0, 3)
    .map(([seid, { to, cause }]) => `${plain(seid)} is ${to}: ${plain(cause)}.`)
  const more = changes.length > 3 ? ` ${changes.length - 3} more have changed.` : ''
  $('spoken').textContent = words.join(' ') + more
}

function onLink(state, retryAt) {
  if (state === 'locked') tokens.open('This gateway listens beyond its own machine: reading needs a token.')
  const isSame = state === link.state || (state === 'trying' && link.state !== 'live')
  const shown = state === 'trying' ? link.state : state
  link = { state: shown, since: isSame ? link.since : Date.now(), retryAt }
  document.body.dataset.link = shown
  $('retry').hidden = shown !== 'away'
  showLink()
}

function showLink() {
  const { state, since, retryAt } = link
  const waitMs = Math.max(0, (retryAt ?? 0) - Date.now())
  const next = waitMs === 0 ? 'trying now' : `next try in ${Math.ceil(waitMs / 1000)} s`
  const [title, note] = {
    live: ['Live', `since ${timeText(since)}`],
    seeking: ['Connecting', 'to the gateway'],
    away: ['The gateway is away', `since ${timeText(since)}, ${next}`],
    locked: ['A token is needed', 'to read from this gateway'],
  }[state]
  setText($('link'), title)
  setText($('link-note'), note)
}

function refreshSoon() {
  if (isDirty) return
  isDirty = true
  requestAnimationFrame(refresh)
}

function refresh() {
  isDirty = false
  const { totals } = board
  const list = $('totals')
  while (list.children.length < totals.length) {
    const pair = document.createElement('div')
    pair.append(document.createElement('dt'), document.createElement('dd'))
    list.append(pair)
  }
  for (const [n, [state, count]] of totals.entries()) {
    const [name, value] = list.children[n].children
    list.children[n].dataset.state = state
    list.children[n].dataset.count = Math.min(1, count)
    setText(name, state)
    setText(value, String(count))
  }
  sessions.show(now())
  $('no-slots').hidden = board.rows.size > 0 || link.state !== 'live'
  detail.update(now())
}

function tick() {
  // Of a gateway that is away nobody knows how old things are.
  if (link.state === 'live') {
    board.tick(now())
    sessions.show(now())
    detail.update(now())
  }
  showLink()
}

for (const button of document.querySelectorAll('[data-close]')) {
  button.addEventListener('click', () => button.closest('dialog').close())
}
$('retry').addEventListener('click', () => retry())
$('token-open').addEventListener('click', () => tokens.open(''))
addEventListener('online', () => retry())
setInterval(tick, 1_000)
setInterval(speak, 2_000)
