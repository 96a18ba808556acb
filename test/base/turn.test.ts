import assert from 'node:assert/strict'
import test from 'node:test'
import { Turn } from '../../src/base/turn.ts'

test('turn: work is done one after the other, in the order of asking', async () => {
  const turn = new Turn()
  const seen: string[] = []
  const work = (name: string) => () =>
    new Promise<string>((resolve) => {
      seen.push(`${name} starts`)
      setImmediate(() => {
        seen.push(`${name} ends`)
        resolve(name)
      })
    })
  const all = ['a', 'b', 'c'].map((name) => turn.run(work(name)))
  assert.deepEqual(await Promise.all(all), ['a', 'b', 'c'])
  assert.deepEqual(seen, ['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends'])
})

test('turn: a failure is told to whoever asked for that work, and to nobody else', async () => {
  const turn = new Turn()
  const failed = turn.run(() => Promise.reject(new Error('nack')))
  const thrown = turn.run(() => {
    throw new Error('bug')
  })
  const done = turn.run(() => Promise.resolve(3))
  await assert.rejects(failed, /nack/)
  await assert.rejects(thrown, /bug/)
  assert.equal(await done, 3)
})

test('turn: who asks within a turn comes after those who wait already', async () => {
  const turn = new Turn()
  const seen: string[] = []
  let inner: Promise<void> | undefined
  const note = (name: string) => () => {
    seen.push(name)
    return Promise.resolve()
  }
  const outer = turn.run(() => {
    inner = turn.run(note('inner'))
    return note('outer')()
  })
  const waiting = turn.run(note('waiting'))
  await Promise.all([outer, waiting])
  await inner
  assert.deepEqual(seen, ['outer', 'waiting', 'inner'])
})
