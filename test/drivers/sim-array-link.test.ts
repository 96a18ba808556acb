import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import test from 'node:test'
import { LinkError } from '../../src/drivers/errors.ts'
import { ArrayLink } from '../../src/drivers/sim-array-link.ts'
import { MAX_LINE_BYTES } from '../../src/drivers/sim-array-text.ts'
import { rogue } from '../support/array-bench.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

const FOREVER = Number.POSITIVE_INFINITY
const GREETING = '000 Welcome\r\n'
const hasCode =
  (code: string, text = /./) =>
  (error: unknown) =>
    error instanceof LinkError && error.code === code && text.test(error.message)

const open = (port: number, clock = new ManualClock(), deadline = FOREVER): Promise<ArrayLink> =>
  ArrayLink.open({ host: '127.0.0.1', port }, clock, deadline)

/** A link whose array answers each line with what `replyTo` says. */
async function linkTo(replyTo: (line: string) => string | undefined) {
  const array = await rogue((line) => (line === '' ? GREETING : replyTo(line)))
  const clock = new ManualClock()
  const link = await open(array.port, clock)
  return {
    ...{ array, clock, link },
    async [Symbol.asyncDispose]() {
      link.close()
      await array[Symbol.asyncDispose]()
    },
  }
}

test('sim array link: asks and is answered, one line after the other', async () => {
  await using world = await linkTo((line) => `000 ${line}\n`)
  for (const line of ['A', 'B']) assert.equal((await world.link.request(line, FOREVER)).text, line)
  assert.equal(world.clock.pending, 0)
})

/** `text` cut in two at every place, and into single characters. */
function cutsOf(text: string): string[][] {
  const cuts = Array.from({ length: text.length - 1 }, (_, at) => [text.slice(0, at + 1), text.slice(at + 1)])
  return [...cuts, text.split('')]
}

async function writeAll(socket: Socket | undefined, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) await new Promise((resolve) => socket?.write(piece, resolve))
}

test('sim array link: greeting and reply are the same however they are cut, also byte by byte', async () => {
  let asked = 0
  await using array = await rogue((line) => {
    if (line !== '') asked++
    return undefined
  })
  for (const greeting of cutsOf(GREETING)) {
    for (const reply of greeting.length > 2 ? cutsOf('000 *0AAA9000\r\n') : [['000 *0AAA9000\r\n']]) {
      const opening = open(array.port)
      await until(() => array.sockets.size === 1)
      const [socket] = array.sockets
      await writeAll(socket, greeting)
      const link = await opening
      const [before, replied] = [asked, link.request('X', FOREVER)]
      await until(() => asked > before)
      await writeAll(socket, reply)
      assert.equal((await replied).text, '*0AAA9000')
      link.close()
      await until(() => array.sockets.size === 0)
    }
  }
})

test('sim array link: nobody there, a refusal as greeting, and no greeting at all', async () => {
  const gone = await rogue(() => undefined)
  await gone[Symbol.asyncDispose]()
  await assert.rejects(open(gone.port), hasCode('link.closed', /failed/))
  await using full = await rogue(() => '503 too many\r\n')
  await assert.rejects(open(full.port), hasCode('link.nack', /503 too many/))
  await using silent = await rogue(() => undefined)
  const clock = new ManualClock()
  const opening = assert.rejects(open(silent.port, clock, 100), hasCode('link.timeout'))
  await until(() => silent.sockets.size === 1)
  await clock.advanceTo(100)
  await opening
  await until(() => silent.sockets.size === 0)
})

test('sim array link: a reply after its deadline meets nobody: the connection is closed by then', async () => {
  await using world = await linkTo((line) => (line === 'LATE' ? undefined : '000 other\r\n'))
  const late = assert.rejects(world.link.request('LATE', 50), hasCode('link.timeout'))
  await world.clock.advanceTo(50)
  await late
  assert.equal(world.link.isOpen, false)
  await assert.rejects(world.link.request('NEXT', FOREVER), hasCode('link.timeout'))
  await until(() => world.array.sockets.size === 0)
})

for (const [title, reply, text] of [
  ['a line that is no reply', '??\r\n', /is no reply/],
  ['an empty line', '\r\n000 OK\r\n', /is no reply/],
  ['control characters', '000 \x1b[2J\r\n', /"000 \?\[2J/],
  ['a line without end', 'A'.repeat(MAX_LINE_BYTES + 1), /a line of more than/],
] as const) {
  test(`sim array link: ${title} closes the connection`, async () => {
    await using world = await linkTo(() => reply)
    await assert.rejects(world.link.request('X', FOREVER), hasCode('link.closed', text))
    assert.equal(world.link.isOpen, false)
  })
}

test('sim array link: the longest line is taken, one character more is not', async () => {
  const longest = `000 ${'0'.repeat(MAX_LINE_BYTES - 4)}`
  await using world = await linkTo((line) => `${longest}${line === 'MORE' ? '0' : ''}\n`)
  assert.equal((await world.link.request('X', FOREVER)).line.length, MAX_LINE_BYTES)
  await assert.rejects(world.link.request('MORE', FOREVER), hasCode('link.closed'))
})

test('sim array link: an array that closes in the middle of a line has not answered', async () => {
  await using array = await rogue((line, socket) => {
    if (line === '') return GREETING
    socket.end('000 90')
    return undefined
  })
  const link = await open(array.port)
  await assert.rejects(link.request('X', FOREVER), hasCode('link.closed', /closed the connection/))
})

test('sim array link: a line that nobody asked for closes the connection, before it answers the next request', async () => {
  await using world = await linkTo(() => '000 first\r\n000 second\r\n')
  assert.equal((await world.link.request('X', FOREVER)).text, 'first')
  await until(() => !world.link.isOpen)
  await assert.rejects(world.link.request('Y', FOREVER), hasCode('link.closed', /answers nothing/))
})
