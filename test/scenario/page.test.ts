// The status page of a running gateway, as a person sees it in a browser.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { isBrowserMissing, PageBench } from '../support/browser.ts'
import { contrastOf } from '../support/contrast.ts'
import { Gateway } from '../support/gateway.ts'
import { askByOpenssl, askOnce, NodePeer, TlsPeer } from '../support/peers.ts'

const OPERATOR_TOKEN = 'the-token-of-an-operator'
const skip = isBrowserMissing

/** Two rows of a board. */
const SLOTS = ['U1', 'U2', 'J1', 'J2', 'J3']
  .map((designator, n) => {
    const application = n === 4 ? 'applet = "none"' : `sen = "key${n + 1}.com"`
    return `[[slots]]\ndriver = "simulator"\nseid = "sim${n + 1}"\ndesignator = "${designator}"\n${application}\n`
  })
  .join('')

/** One gateway and one browser for all tests of this file: starting a browser takes seconds. */
let gateway: Gateway
let bench: PageBench

before(async () => {
  if (skip !== false) return
  const first = await Gateway.start(`gateway.name = "rack"\n${SLOTS}`)
  writeFileSync(join(first.stateDir, 'operator.token'), `${OPERATOR_TOKEN}\n`, { mode: 0o600 })
  // The same port after a restart, so that the page finds it again.
  first.configure(`status.listen = "127.0.0.1:${first.statusPort}"`)
  first.configure('status.operator_token_file = "operator.token"')
  gateway = await first.restart('SIGTERM')
  bench = await PageBench.open(`http://127.0.0.1:${gateway.statusPort}/`)
})

after(async () => {
  if (skip !== false) return
  await bench[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
})

test('page: shows the slots of the gateway, and asks nobody else for anything', { skip }, async () => {
  const { page } = bench
  const names = await page.locator('.slot [data-field="name"]').allTextContents()
  assert.deepEqual(names, ['key1.com', 'key2.com', 'key3.com', 'key4.com', 'no name'])
  for (const seid of ['sim1', 'sim5']) await bench.shows(seid, 'state', /^ready$/)
  assert.equal(await page.title(), 'rack: secure elements')
  assert.deepEqual([...bench.origins], [`http://127.0.0.1:${gateway.statusPort}`])
  assert.deepEqual(bench.complaints, [])
})

test('page: slots lie as on the board: a letter is a row, a number a column', { skip }, async () => {
  const [u1, u2, j1, j2, j3] = (await bench.page.evaluate(PLACES)) as [number, number][]
  assert.ok(u1 && u2 && j1 && j2 && j3)
  assert.deepEqual([u1[1], j1[1]], [u2[1], j2[1]])
  assert.deepEqual([u1[0], u2[0]], [j1[0], j2[0]])
  assert.ok(u1[1] < j1[1] && j1[0] < j2[0] && j2[0] < j3[0])
  assert.equal(await bench.page.locator('.slot[data-seid="sim3"] [data-field="place"]').textContent(), 'J1')
})

test('page: a session appears on its slot within a second, and how it ended', { skip }, async () => {
  const session = await NodePeer.open(gateway.port, 'key1.com')
  assert.equal(await session.ask('?01hello'), 'hello')
  await bench.shows('sim1', 'state', /^leased$/, 1_000)
  await bench.shows('sim1', 'holder', /^tls-se 127\.0\.0\.1:\d+$/, 1_000)
  await bench.shows('sim1', 'rate', /^[1-9][\d.]* APDU\/s$/, 3_000)
  await session[Symbol.asyncDispose]()
  await bench.shows('sim1', 'state', /^ready$/)
  await bench.shows('sim1', 'last', /^\d s ago: closed by the client$/)
  assert.match(await askByOpenssl(gateway.port, 'key3.com'), /hello/)
  await bench.shows('sim3', 'last', /closed by the client/)
})

test('page: says on the slot why a session with a wrong key failed', { skip }, async () => {
  const places = await bench.page.evaluate(PLACES)
  await assert.rejects(askOnce(gateway.port, 'key2.com', Buffer.alloc(32, 7)))
  await bench.shows('sim2', 'last', /wrong PSK or identity/, 1_000)
  // Nothing has moved.
  assert.deepEqual(await bench.page.evaluate(PLACES), places)
  await bench.page
    .locator('#sessions li[data-last="failed"]', { hasText: /key2\.com.*peer\.refused/s })
    .waitFor()
})

test('page: a name that nobody has is in the list of sessions', { skip }, async () => {
  await assert.rejects(askOnce(gateway.port, 'nobody.example'))
  const line = bench.page.locator('#sessions li', { hasText: "no element is named 'nobody.example'" })
  await line.filter({ hasText: 'no slot' }).waitFor()
  await bench.shoot('board')
})

test('page: what a client calls itself is text, whatever it looks like', { skip }, async () => {
  const sni = '<img src=x onerror="document.title=1">\x07'
  using peer = await TlsPeer.greet(gateway.port, { sni })
  await peer.raw.ended()
  const line = bench.page.locator('#sessions li', { hasText: "no element is named '<img src=x onerror" })
  await line.first().waitFor()
  assert.equal(await bench.page.evaluate('document.images.length'), 0)
  assert.doesNotMatch((await line.first().textContent()) ?? '', /\x07/)
  assert.deepEqual(bench.complaints, [])
})

test('page: details open by keyboard, say what the ATR means, and close by Escape', { skip }, async () => {
  const { page } = bench
  await page.locator('#slot-2').focus()
  await page.keyboard.press('Enter')
  const detail = page.locator('#detail[open]')
  await detail.locator('#atr dd', { hasText: /^T=0, T=1$/ }).waitFor()
  const text = (await detail.textContent()) ?? ''
  assert.match(
    text,
    new RegExp(`openssl s_client -connect 127.0.0.1:${gateway.port} -servername key2.com .*KEY_FILE`),
  )
  assert.match(text, new RegExp(`iose call 'shellS://key2.com@127.0.0.1:${gateway.port}/\\?query=\\?00'`))
  assert.match(text, /Seen by this page.*ready → leased/s)
  await assertAccessible()
  await bench.shoot('detail')
  await page.keyboard.press('Escape')
  await detail.waitFor({ state: 'hidden' })
  assert.equal(await page.evaluate('document.activeElement.id'), 'slot-2')
})

test('page: an action without the token is refused, and with it done, live', { skip }, async () => {
  const { page } = bench
  await page.locator('#slot-4').focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Quarantine' }).click()
  await page.locator('#action-said', { hasText: 'Refused: the token is missing or wrong' }).waitFor()
  await page.locator('#token[open]').waitFor()
  await page.fill('#token-text', 'a-token-that-is-wrong')
  await page.keyboard.press('Enter')
  await page.locator('#token-said', { hasText: 'The gateway refuses this token.' }).waitFor()
  assert.equal(await page.evaluate('sessionStorage.length'), 0)
  await assertAccessible()
  await page.fill('#token-text', OPERATOR_TOKEN)
  await page.keyboard.press('Enter')
  await page.locator('#token-said', { hasText: 'Accepted: actions are possible.' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Quarantine' }).click()
  await bench.shows('sim4', 'state', /^quarantined$/, 1_000)
  await bench.shows('sim4', 'cause', /set aside by status operator/)
  await page.getByRole('button', { name: 'Release' }).click()
  await bench.shows('sim4', 'state', /^ready$/)
  await page.getByRole('button', { name: 'Reset' }).click()
  await page.locator('#action-said', { hasText: 'sim4 was reset' }).waitFor()
  await using session = await NodePeer.open(gateway.port, 'key4.com')
  await session.ask('?01hello')
  await page.getByRole('button', { name: 'Reset' }).click()
  await page.locator('#action-said', { hasText: /Refused: held by tls-se/ }).waitFor()
  await page.keyboard.press('Escape')
  assert.equal(gateway.all('slot.ordered', { user: 'status operator' }).length, 4)
  assert.equal(await page.evaluate('localStorage.length'), 0)
})

test('page: has names for all buttons, and contrast for all text, dark and light', { skip }, async () => {
  for (const colorScheme of ['dark', 'light'] as const) {
    await bench.page.emulateMedia({ colorScheme })
    await assertAccessible()
  }
  await bench.page.emulateMedia({ colorScheme: 'dark' })
  const isTooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
  await bench.page.setViewportSize({ width: 360, height: 740 })
  assert.equal(await bench.page.evaluate(isTooWide), false)
  await bench.page.setViewportSize({ width: 1280, height: 800 })
})

test('page: says that the gateway is away, and is live again when it is back', { skip }, async () => {
  const { page, complaints } = bench
  // What the browser itself writes of a 401 or 409 that a test brought about is no complaint of the page.
  assert.deepEqual(
    complaints.filter((line) => !/status of (401|409)/.test(line)),
    [],
  )
  await gateway.stop()
  await page.locator('#link', { hasText: 'The gateway is away' }).waitFor()
  await page.locator('#link-note', { hasText: /next try in \d+ s/ }).waitFor()
  await bench.shoot('away')
  gateway = await gateway.restart('SIGTERM')
  await page.locator('body[data-link="live"]').waitFor({ timeout: 20_000 })
  await bench.shows('sim2', 'last', /^no session yet$/)
  const others = complaints.filter((line) => !/status of (401|409)|net::ERR_/.test(line))
  assert.deepEqual(others, [])
})

test('page: of a gateway that listens beyond its machine it shows nothing without the token', {
  skip,
}, async () => {
  const { page } = bench
  gateway.configure(`status.listen = "0.0.0.0:${gateway.statusPort}"`)
  gateway = await gateway.restart('SIGTERM')
  assert.equal(gateway.all('status.exposed').length, 1)
  // The tab still has the operator token, which is good for reading, too.
  await page.goto(`http://127.0.0.1:${gateway.statusPort}/`)
  await page.locator('body[data-link="live"] .slot').first().waitFor()
  await page.evaluate('sessionStorage.clear()')
  await page.goto(`http://127.0.0.1:${gateway.statusPort}/`)
  await page.locator('#token-why', { hasText: 'reading needs a token' }).waitFor()
  assert.equal(await page.locator('.slot').first().isVisible(), false)
  await page.fill('#token-text', readFileSync(join(gateway.stateDir, 'status.token'), 'utf8').trim())
  await page.keyboard.press('Enter')
  await page.locator('#token-said', { hasText: 'Accepted, for reading only.' }).waitFor()
  await page.locator('body[data-link="live"] .slot').first().waitFor()
})

/** Every visible button has a name; every visible text has the contrast that WCAG 2.2 asks for (1.4.3, AA: 4.5). */
async function assertAccessible(): Promise<void> {
  const { nameless, texts } = (await bench.page.evaluate(SURVEY)) as Survey
  assert.deepEqual(nameless, [])
  assert.ok(texts.length > 3)
  const faint = texts.filter(({ colour, ground }) => contrastOf(colour, ground) < 4.5)
  assert.deepEqual(faint, [])
}

interface Survey {
  readonly nameless: readonly string[]
  readonly texts: readonly { readonly text: string; readonly colour: string; readonly ground: string }[]
}

/** Left, top and height of each slot, in the order of slots. */
const PLACES = `[...document.querySelectorAll('.slot')]
  .map((slot) => slot.getBoundingClientRect())
  .map(({ left, top, height }) => [left, top, height])`

/** Runs in the page. */
const SURVEY = `(() => {
  const root = document.querySelector('#token[open]') ?? document.querySelector('dialog[open]') ?? document.body
  const visible = [...root.querySelectorAll('*')].filter((one) => one.checkVisibility())
  const nameless = visible
    .filter((one) => one.matches('button, input, dialog'))
    .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.length || one.getAttribute('aria-labelledby')))
    .map((one) => one.outerHTML)
  const groundOf = (one) => {
    const { backgroundColor } = getComputedStyle(one)
    return backgroundColor === 'rgba(0, 0, 0, 0)' && one.parentElement ? groundOf(one.parentElement) : backgroundColor
  }
  const hasText = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
  const texts = visible.filter(hasText).filter((one) => !one.matches('.skip, .unseen, option'))
    .map((one) => ({ text: one.textContent.slice(0, 40), colour: getComputedStyle(one).color, ground: groundOf(one) }))
  return { nameless, texts }
})()`
