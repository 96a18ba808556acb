import assert from 'node:assert/strict'
import test from 'node:test'
import { FuzzFailure, fuzz } from './run.ts'
import { targets } from './targets.ts'

const SEED = 20260131
const INPUTS = 10_000

for (const target of targets) {
  const inputs = INPUTS / (target.weight ?? 1)
  test(`fuzz: ${target.name} holds for ${inputs} inputs`, async () => {
    assert.equal((await fuzz(target, { seed: SEED, from: 0, inputs })).inputs, inputs)
  })
}

test('fuzz: names of targets are unique, so that --only means one', () => {
  assert.equal(new Set(targets.map(({ name }) => name)).size, targets.length)
})

for (const kind of ['throws', 'rejects'] as const) {
  test(`fuzz: a target that ${kind} fails with the command that runs its input alone, and again`, async () => {
    const seen: number[] = []
    const target = {
      name: 'odd-one',
      run(random: { u32(): number }) {
        const value = random.u32()
        seen.push(value)
        if (value % 50 !== 7) return
        const error = new Error(`saw ${value}`)
        if (kind === 'rejects') return Promise.reject(error)
        throw error
      },
    }
    const failureOf = async (from: number, inputs: number): Promise<FuzzFailure> => {
      try {
        await fuzz(target, { seed: 3, from, inputs })
      } catch (error) {
        assert.ok(error instanceof FuzzFailure)
        return error
      }
      assert.fail('did not fail')
    }
    const failure = await failureOf(0, 10_000)
    const index = seen.length - 1
    const command = `npm run fuzz -- --only odd-one --seed 3 --from ${index} --inputs 1`
    assert.equal(failure.message, `replay: ${command}`)
    const replayed = await failureOf(index, 1)
    assert.equal((replayed.cause as Error).message, (failure.cause as Error).message)
  })
}
