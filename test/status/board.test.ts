import assert from 'node:assert/strict'
import test from 'node:test'
import { StatusBench } from '../support/status-bench.ts'

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><style>\n.a { fill: red }\n</style></svg>\n'
const PATH = '/page/board-map.svg'

test('board: its picture is served with a policy that lets its own look through and nothing else', async () => {
  await using bench = await StatusBench.start([], '127.0.0.1', { board: { name: 'B, revision 1', svg: SVG } })
  const { status, headers, text } = await bench.get(PATH)
  assert.deepEqual([status, headers['content-type'], text], [200, 'image/svg+xml', SVG])
  // printf '\n.a { fill: red }\n' | openssl dgst -sha256 -binary | base64
  const hash = '4WpOLnlx1x+fyyin4b3wkv5nwUNsHcTqPumYl3TTZBI='
  assert.equal(
    headers['content-security-policy'],
    `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'`,
  )
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal((await bench.get(PATH, { method: 'POST' })).status, 405)
  const facts = JSON.parse((await bench.get('/api/gateway')).text) as { board: unknown }
  assert.deepEqual(facts.board, { name: 'B, revision 1', picture: PATH })
})

test('board: a gateway without one has no picture, and says nothing of it', async () => {
  await using bench = await StatusBench.start()
  assert.equal((await bench.get(PATH)).status, 404)
  const facts = JSON.parse((await bench.get('/api/gateway')).text) as object
  assert.equal('board' in facts, false)
})
