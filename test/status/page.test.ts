import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { StatusBench } from '../support/status-bench.ts'

const FOLDER = join(import.meta.dirname, '../../src/status/page')

test('page: all its files together are lighter than 60 KB', () => {
  const bytes = readdirSync(FOLDER).map((name) => statSync(join(FOLDER, name)).size)
  const sum = bytes.reduce((total, size) => total + size, 0)
  assert.ok(sum < 60_000, `${sum} bytes`)
})

test('page: each file is served, and nothing but them can run, frame it or be told where it was', async () => {
  await using bench = await StatusBench.start()
  const parts = readdirSync(FOLDER).map((name) => (name === 'index.html' ? '/' : `/page/${name}`))
  for (const path of parts) {
    const { status, headers } = await bench.get(path, { token: '' })
    assert.deepEqual([path, status], [path, 200])
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe|http|\*/)
    assert.deepEqual(
      [headers['x-content-type-options'], headers['referrer-policy']],
      ['nosniff', 'no-referrer'],
    )
  }
  const { text } = await bench.get('/')
  // Nothing from elsewhere, and no code in the text.
  assert.doesNotMatch(
    text,
    /(src|href)="(?!\/page\/|#)|<script(?! type="module" src=)|<style| on\w+=| style=/,
  )
  assert.equal((await bench.get('/page/')).status, 404)
  assert.equal((await bench.get('/page/../server.js')).status, 404)
  assert.equal((await bench.get('/page/page.css', { method: 'POST' })).status, 405)
})
