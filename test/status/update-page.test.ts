// An update by the status page, as an operator does it in a browser.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { updateFacts } from '../../src/bin/iosed/appliance-facts.ts'
import { isBrowserMissing, PageBench } from '../support/browser.ts'
import { contrastOf } from '../support/contrast.ts'
import { OPERATOR_TOKEN } from '../support/status-bench.ts'
import { until } from '../support/until.ts'
import { UploadBench } from '../support/upload-bench.ts'

const skip = isBrowserMissing

let bench: UploadBench
let browser: PageBench

before(async () => {
  if (skip !== false) return
  bench = await UploadBench.start({
    changes: {
      gateway: {
        ...{ name: 'box', version: '1.0.0', tlsSe: '127.0.0.1:1', racs: '127.0.0.1:2' },
        update: () => updateFacts(bench.appliance.folder),
      },
    },
  })
  bench.appliance.put(
    '/data/update/journal.json',
    '{"running":{"slot":"A","version":"1.0.0","isConfirmed":true},"slots":{}}',
  )
  browser = await PageBench.open(`http://127.0.0.1:${bench.plane.port}/`)
})

after(async () => {
  if (skip !== false) return
  await browser[Symbol.asyncDispose]()
  await bench[Symbol.asyncDispose]()
})

test('update page: says what runs, and wants a file and then a token', { skip }, async () => {
  const { page } = browser
  await page.locator('#update-facts', { hasText: 'version 1.0.0 in slot A' }).waitFor()
  await page.locator('#update-facts', { hasText: 'none so far' }).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Restart into it' }).isVisible(), false)
  await page.getByRole('button', { name: 'Upload and install' }).click()
  await said('failed', /^Choose an update file first\.$/)
  await choose((await bench.appliance.update()).path)
  await page.getByRole('button', { name: 'Upload and install' }).click()
  await page.locator('#token[open] #token-why', { hasText: 'An update needs the operator token' }).waitFor()
  assert.equal(bench.service.children.length, 0)
  await page.fill('#token-text', OPERATOR_TOKEN)
  await page.keyboard.press('Enter')
  await page.locator('#token-said', { hasText: 'Accepted: actions are possible.' }).waitFor()
  await page.keyboard.press('Escape')
})

test('update page: a file that is no update, or not for this machine, is refused in words', {
  skip,
}, async () => {
  const { page } = browser
  const large = join(bench.appliance.folder, 'holiday.ioseup')
  // Refused at its beginning, long before its end.
  writeFileSync(large, Buffer.alloc(64 * 1024 * 1024))
  await choose(large)
  await page.getByRole('button', { name: 'Upload and install' }).click()
  await said(
    'failed',
    /^Not installed: the update file is damaged or none at all: it is no update file; get the file/,
  )
  await choose((await bench.appliance.update({ version: '0.9.0', seed: 2 })).path)
  await page.getByRole('button', { name: 'Upload and install' }).click()
  await said(
    'failed',
    /^Not installed: the update does not fit: it is version 0\.9\.0, and 1\.0\.0 is newer\.$/,
  )
  assert.equal(bench.appliance.boot()?.slot, 'A')
})

test('update page: a good one is uploaded, written and compared before the eyes of all, and started', {
  skip,
}, async () => {
  const { page } = browser
  const { path, payload, rootBytes } = await bench.appliance.update({ rootBytes: 96 * 1024 * 1024, seed: 9 })
  await choose(path)
  // What is shown may be gone before anybody looks: the page itself takes notes.
  await page.evaluate(TAKE_NOTES)
  await page.getByRole('button', { name: 'Upload and install' }).click()
  await page.getByRole('progressbar', { name: 'Update' }).waitFor()
  await page
    .locator('#update-note', { hasText: /^\d+ of 96 MiB uploaded, \d+ written(, version 1\.1\.0)?, by 127/ })
    .waitFor()
  assert.equal(await page.getByRole('button', { name: 'Upload and install' }).isDisabled(), true)
  await browser.shoot('update')
  await said('well', /^Version 1\.1\.0 is installed in slot B\.$/)
  await page
    .locator('#update-facts', { hasText: 'version 1.1.0 in slot B waits for its first start' })
    .waitFor()
  const notes = (await page.evaluate('notes')) as string[]
  // On a fast disk it is compared in less time than lies between two notes.
  const forms = /^\d+ of 96 MiB (uploaded, \d+ written(, version 1\.1\.0)?|compared, version 1\.1\.0), by 127/
  assert.ok(new Set(notes).size > 1 && notes.every((note) => forms.test(note)), notes.join('\n'))
  assert.equal(await page.getByRole('progressbar', { name: 'Update' }).isVisible(), false)
  assert.ok(bench.appliance.slot('B', rootBytes, 4096).equals(payload))
  await browser.shoot('updated')

  await page.getByRole('button', { name: 'Restart into it' }).click()
  await said('well', /^Ordered: the machine restarts into version 1\.1\.0, slot B\./)
  assert.match(bench.service.ordered, /^--.* --on-active=1s .* systemctl --no-block reboot\n$/)
})

test('update page: cancelled, nothing has changed', { skip }, async () => {
  const { page } = browser
  bench.appliance.setBoot({ slot: 'A' })
  const { path } = await bench.appliance.update({ rootBytes: 96 * 1024 * 1024, seed: 9 })
  await choose(path)
  await page.getByRole('button', { name: 'Upload and install' }).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await said('failed', /Nothing has changed|the upload was cut/)
  await bench.service.settled()
  await until(() => bench.plane.told.at(-1)?.kind === 'update.ended')
  assert.equal(bench.appliance.boot()?.slot, 'A')
})

test('update page: its text can be read, dark and light, and nothing complains', { skip }, async () => {
  const { page, complaints } = browser
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    const texts = (await page.evaluate(TEXTS)) as { text: string; colour: string; ground: string }[]
    assert.ok(texts.length > 5)
    assert.deepEqual(
      texts.filter(({ colour, ground }) => contrastOf(colour, ground) < 4.5),
      [],
    )
  }
  await page.setViewportSize({ width: 360, height: 740 })
  const isTooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
  assert.equal(await page.evaluate(isTooWide), false)
  // What the browser itself writes of refusals that a test brought about is no complaint of the page.
  assert.deepEqual(
    complaints.filter((line) => !/status of 4\d\d|net::ERR_/.test(line)),
    [],
  )
})

async function choose(path: string): Promise<void> {
  assert.ok(readFileSync(path).length > 0)
  await browser.page.locator('#update-file').setInputFiles(path)
}

async function said(kind: string, words: RegExp): Promise<void> {
  await browser.page
    .locator(`#update-said[data-kind="${kind}"]`, { hasText: words })
    .waitFor({ timeout: 30_000 })
}

/** Visible texts of the section, with their colours. */
const TEXTS = `(() => {
  const groundOf = (one) => {
    const { backgroundColor } = getComputedStyle(one)
    return backgroundColor === 'rgba(0, 0, 0, 0)' && one.parentElement ? groundOf(one.parentElement) : backgroundColor
  }
  const hasText = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
  return [...document.querySelectorAll('#update *')].filter((one) => one.checkVisibility() && hasText(one))
    .map((one) => ({ text: one.textContent, colour: getComputedStyle(one).color, ground: groundOf(one) }))
})()`

const TAKE_NOTES = `globalThis.notes = []
new MutationObserver(() => notes.push(document.getElementById('update-note').textContent))
  .observe(document.getElementById('update-note'), { childList: true, characterData: true, subtree: true })`
