import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { withLock } from '../../src/pki/lock.ts'
import { fails, temporaryDirectory } from '../support/pki.ts'

/** What the lock file says while we hold it. */
async function ownTicket(path: string): Promise<Record<string, unknown>> {
  const text = await withLock(path, () => Promise.resolve(readFileSync(path, 'utf8')))
  return JSON.parse(text) as Record<string, unknown>
}

test('lock: one at a time, in this process, too, and nothing stays behind', async () => {
  const directory = temporaryDirectory()
  let holders = 0
  const turns = Array.from({ length: 20 }, () =>
    withLock(join(directory, 'lock'), async () => {
      assert.equal(++holders, 1)
      await new Promise((resolve) => setImmediate(resolve))
      holders--
    }),
  )
  await Promise.all(turns)
  assert.deepEqual(readdirSync(directory), [])
})

test('lock: is free again after work that failed', async () => {
  const path = join(temporaryDirectory(), 'lock')
  await assert.rejects(
    withLock(path, () => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal(await withLock(path, () => Promise.resolve(7)), 7)
})

test('lock: a process that lives is waited for, and named when it takes too long', async () => {
  const path = join(temporaryDirectory(), 'lock')
  await withLock(path, async () => {
    const waiting = withLock(path, () => Promise.resolve(), 30)
    await fails(waiting, 'pki.busy', new RegExp(`the process ${process.pid} holds .*lock`))
    assert.ok(existsSync(path))
  })
})

test('lock: a holder that is surely gone is replaced', async () => {
  const path = join(temporaryDirectory(), 'lock')
  const own = await ownTicket(path)
  const { pid } = spawnSync(process.execPath, ['--version'])
  const gone = [
    { ...own, pid },
    { ...own, boot: 'an earlier run of the system' },
    // The same number, given to another process.
    { ...own, startedAt: '1' },
  ]
  for (const ticket of [...gone.map((one) => JSON.stringify(one)), '', '{"pid":', '{}']) {
    writeFileSync(path, ticket)
    assert.equal(await withLock(path, () => Promise.resolve(ticket), 2_000), ticket)
    assert.ok(!existsSync(path))
  }
})

test('lock: a holder of which nothing is known is left alone', async () => {
  const path = join(temporaryDirectory(), 'lock')
  const own = await ownTicket(path)
  const { pid } = spawnSync(process.execPath, ['--version'])
  writeFileSync(path, JSON.stringify({ ...own, pid, pidSpace: 'of a container' }))
  await fails(
    withLock(path, () => Promise.resolve(), 30),
    'pki.busy',
  )
  assert.ok(existsSync(path))
})

test('lock: many processes that find a dead holder still take turns', async () => {
  const directory = temporaryDirectory()
  const [path, counter] = [join(directory, 'lock'), join(directory, 'counter')]
  writeFileSync(path, '')
  writeFileSync(counter, '0')
  const module = JSON.stringify(new URL('../../dist/pki/lock.js', import.meta.url).href)
  const script = `
    import { withLock } from ${module}
    import { readFileSync, writeFileSync } from 'node:fs'
    const [path, counter] = process.argv.slice(1)
    for (let turn = 0; turn < 5; turn++) await withLock(path, async () => {
      const value = Number(readFileSync(counter, 'utf8'))
      await new Promise((resolve) => setTimeout(resolve, 2))
      writeFileSync(counter, String(value + 1))
    }, 60_000)`
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script, path, counter], { stdio: 'inherit' }),
  )
  const ends = await Promise.all(children.map((child) => once(child, 'close')))
  assert.deepEqual(
    ends.map(([exitCode]) => exitCode as unknown),
    [0, 0, 0, 0],
  )
  assert.equal(readFileSync(counter, 'utf8'), '20')
})

test('lock: a directory that is not there is said to be unwritable', async () => {
  const directory = temporaryDirectory()
  rmSync(directory, { recursive: true })
  await fails(
    withLock(join(directory, 'lock'), () => Promise.resolve()),
    'pki.unwritable',
    /lock/,
  )
})
