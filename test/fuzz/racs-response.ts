import assert from 'node:assert/strict'
import { ClientError } from '../../src/client/errors.ts'
import { seidsOf } from '../../src/client/list.ts'
import { checkReply, type RacsReply, ResponseReader } from '../../src/client/response.ts'
import { senOf } from '../../src/client/sen.ts'
import { chunksOf, mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** However answers are cut into chunks, they are read as the same replies and end by the same error. */
export const racsResponse: FuzzTarget = {
  name: 'racs-response',
  run(random) {
    const stream = streamOf(random)
    const whole = read([stream])
    assert.deepEqual(read(chunksOf(random, stream)), whole)
    for (const reply of whole.replies) {
      const last = reply.statuses.at(-1)
      assert.ok(last !== undefined)
      assert.ok(reply.statuses.slice(0, -1).every(({ sign }) => sign === '+'))
      attempt(() => checkReply({ id: 'a', lines: ['LIST', 'LIST'] }, reply))
      attempt(() => assert.ok(seidsOf(last.text).every((seid) => !seid.includes(' '))))
      attempt(() => senOf(last.text))
    }
  },
}

function streamOf(random: Random): Uint8Array {
  const answers = Array.from({ length: 1 + random.int(3) }, () => random.pick(ANSWERS))
  const stream = Buffer.from(answers.join(''), 'latin1')
  return random.oneIn(4) ? stream : mutate(random, stream)
}

function read(chunks: readonly Uint8Array[]): { replies: RacsReply[]; fault: string; isMidAnswer: boolean } {
  const reader = new ResponseReader()
  const replies: RacsReply[] = []
  const fault = attempt(() => {
    for (const chunk of chunks) for (const reply of reader.read(chunk)) replies.push(reply)
  })
  return { replies, fault, isMidAnswer: fault === '' && reader.isMidAnswer }
}

/** The message of the fault of protocol that `action` ends with; any other error is a finding. */
function attempt(action: () => void): string {
  try {
    action()
    return ''
  } catch (error) {
    if (error instanceof ClientError && error.code === 'client.protocol') return error.message
    throw error
  }
}

const ANSWERS = [
  'BEGIN a\r\n+001 000 Success\r\nEND\r\n',
  'BEGIN \r\n+004 001 999 sim[1-4] s[1;3;5-7] key1 \r\nEND\r\n',
  'BEGIN a\r\n+002 001 1.0\r\n+006 002 00112233449000\r\nEND\r\n',
  'BEGIN a\n-706 002 APDU error, SEID 0 in use\nEND\n',
  'BEGIN t\r\n-911 001 SEID 3 has no SEN\r\n',
  'BEGIN t\r\n+011 001 key1.com [AID= 010203040500]\r\nEND\r\n',
  'BEGIN\r\n-300 000 Invalid command line (x), waiting for BEGIN\r\nEND\r\n',
] as const
