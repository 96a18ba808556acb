import assert from 'node:assert/strict'
import { DIALECTS, type DialectName } from '../../src/racs/dialect.ts'
import { LineAssembler, statusLineOf } from '../../src/racs/grammar.ts'
import { Script, textOf } from '../../src/racs/script.ts'
import { chunksOf, mutate } from '../support/mutate.ts'
import { dummies, randomLines, responsesTo } from '../support/racs-model.ts'
import type { FuzzTarget } from './target.ts'

/** Any bytes give the responses that the rules say, well-formed, however they are cut into chunks. */
export const racsGrammar: FuzzTarget = {
  name: 'racs-grammar',
  async run(random) {
    const dialect = random.pick(['draft', 'reference'] as const)
    const valid = Buffer.from(`${randomLines(random).join('\n')}\n`, 'latin1')
    const bytes = random.oneIn(3) ? valid : mutate(random, valid)
    const limit = random.oneIn(3) ? 8 + random.int(40) : 16_384
    const session = { dialect, limit }
    const outcome = await serve([bytes], session)
    assert.deepEqual(await serve(chunksOf(random, bytes), session), outcome)
    check(bytes, session, outcome)
  },
}

interface Session {
  readonly dialect: DialectName
  readonly limit: number
}

interface Outcome {
  readonly responses: readonly string[]
  /** The answer to an overlong line. */
  readonly last: string | undefined
}

async function serve(chunks: readonly Uint8Array[], { dialect, limit }: Session): Promise<Outcome> {
  const rules = DIALECTS[dialect]
  const lines = new LineAssembler(limit)
  const script = new Script({ dialect: rules, execute: dummies, onFailure: () => undefined })
  const responses: string[] = []
  for (const chunk of chunks) {
    lines.push(chunk)
    for (let line = lines.next(); line !== undefined; line = lines.next()) {
      const response = await script.take(line)
      if (response === undefined) continue
      responses.push(response === 'close' ? response : textOf(response, rules))
      if (response === 'close' || response.closes) return { responses, last: undefined }
    }
    if (lines.isOverlong) return { responses, last: textOf(script.overlong(limit), rules) }
  }
  return { responses, last: undefined }
}

function check(bytes: Uint8Array, { dialect, limit }: Session, { responses, last }: Outcome): void {
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  const tail = lines.pop() ?? ''
  const tooLong = [...lines, tail].findIndex((line) => line.replace(/\r$/, '').length > limit)
  const heard = tooLong < 0 ? lines : lines.slice(0, tooLong)
  assert.deepEqual(responses, responsesTo(heard, dialect))
  assert.ok(responses.length <= heard.length)
  for (const response of last === undefined ? responses : [...responses, last]) {
    if (response !== 'close') checkForm(response)
  }
  if (last !== undefined) assert.ok(tooLong >= 0 && /\r\n-\d\d\d \d\d\d [^\r]*\r\nEND\r\n$/.test(last), last)
}

function checkForm(response: string): void {
  const [begin = '', ...statuses] = response.split('\r\n')
  assert.match(begin, /^BEGIN( .*)?$/s)
  assert.deepEqual(statuses.splice(-2), ['END', ''])
  assert.ok(statuses.length >= 1)
  for (const status of statuses) assert.ok(statusLineOf(status) !== undefined, status)
}
