// The recorded answers of the reference server, replayed in its dialect: sign, code, line, order, data and closing.
// Left out are those whose answer is a defect; reference-defects.test.ts says what we do instead.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { statusLineOf } from '../../src/racs/grammar.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { type ReferenceRun, referenceRun } from '../support/reference-run.ts'
import { until } from '../support/until.ts'

interface Step {
  readonly session: string
  readonly cn: string
  readonly mode: string
  readonly send: string
  readonly recv: string
  readonly closed: string | null
}

interface Vector {
  readonly id: string
  readonly title: string
  readonly steps: readonly Step[]
}

const NOT_REPLAYED = ['B28', 'B32', 'C10', 'C59', 'C98', 'D02', 'E11']

const file = join(import.meta.dirname, '../vectors/racs-reference.json')
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: readonly Vector[] }

test('racs reference vectors: the file has them all', () => {
  assert.equal(vectors.length, 91)
  assert.equal(vectors.filter(({ id }) => NOT_REPLAYED.includes(id)).length, NOT_REPLAYED.length)
})

for (const vector of vectors.filter(({ id }) => !NOT_REPLAYED.includes(id))) {
  test(`racs reference ${vector.id}: ${vector.title}`, async () => {
    await using run = await referenceRun()
    const { plane } = run
    let peer: RacsPeer | undefined
    let session = ''
    for (const [index, step] of vector.steps.entries()) {
      if (step.session !== session) {
        // A session ends before the next one begins.
        await peer?.[Symbol.asyncDispose]()
        await until(() => plane.log.of('racs.closed').length === plane.log.of('racs.opened').length)
        peer = await RacsPeer.open(plane.port, step.cn)
        session = step.session
      }
      const said = await play(peer!, step, vector.id === 'Z01' && index === 1 ? run : undefined)
      assert.deepEqual(meaningOf(said), meaningOf(step.recv), said)
      if (step.closed === null) assert.ok(!peer!.isClosed, 'closed')
      else await peer!.closed()
    }
    await peer?.[Symbol.asyncDispose]()
  })
}

async function play(peer: RacsPeer, step: Step, pulled: ReferenceRun | undefined): Promise<string> {
  const responses = step.recv.split('\r\n').filter((line) => line === 'END').length
  await peer.send(...chunksOf(step))
  if (pulled !== undefined) await pull(pulled)
  if (responses === 0) return silence(peer)
  let said = ''
  for (let n = 0; n < responses; n++) said += await peer.response()
  return said + (await silence(peer))
}

function chunksOf({ mode, send }: Step): string[] {
  if (mode === 'bytes') return Array.from(send)
  if (mode.startsWith('chunks ')) return mode.slice('chunks '.length).split('|')
  return send.split(/(?<=\n)/)
}

/** What comes although nothing should. */
async function silence(peer: RacsPeer): Promise<string> {
  await delay(20)
  return peer.take(0)
}

async function pull({ plane, cards }: ReferenceRun): Promise<void> {
  const [card] = cards
  await until(() => card!.seen.includes('80E7000000'))
  card!.pull()
  plane.inventory.leave(card!, 'pulled')
}

/** A response without its free text: that of `+006`, `+009`, `+002 GET-VERSION`, LIST and names is data. */
function meaningOf(text: string): string[] {
  return text.split('\r\n').map((line) => {
    const status = statusLineOf(line)
    if (status === undefined) return line
    const isData = status.sign === '+' && ['004', '006', '009', '010', '011', '012'].includes(status.code)
    const isVersion = status.code === '002' && !status.text.includes(' ')
    const data = isData || isVersion ? ` ${status.text}` : ''
    return `${status.sign}${status.code} ${status.line}${data}`
  })
}
