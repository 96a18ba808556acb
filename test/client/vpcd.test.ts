import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { frameOf } from '../../src/base/vpcd-frames.ts'
import { ClientError } from '../../src/client/errors.ts'
import { type CardInReader, serveVpcd } from '../../src/client/vpcd.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { bytes } from '../support/vectors.ts'

const READER_GONE = { name: 'ClientError', code: 'client.reader' }
const ATR = bytes('3b 80 80 01 01')
const POWER_OFF = '0001 00'
const POWER_ON = '0001 01'
const RESET = '0001 02'
const GET_ATR = '0001 04'
const COMMAND = '0005 00d8000000'

/** A card that answers 9000, in a reader that is the other end of `far`. */
function bench(changes: Partial<CardInReader> = {}) {
  const [near, far] = duplexPair()
  const clock = new ManualClock()
  const calls: string[] = []
  const card: CardInReader = {
    atr: ATR,
    reset(kind) {
      calls.push(kind)
      return Promise.resolve()
    },
    apdu(command) {
      calls.push(hexOf(command))
      return Promise.resolve(bytes('9000'))
    },
    ...changes,
  }
  const end = serveVpcd(near, card, { clock, onUse: () => calls.push('used') })
  // Who wants to know asks for it later.
  end.catch(() => undefined)
  return {
    ...{ near, far, clock, calls, end },
    send: async (...chunks: Uint8Array[]): Promise<void> => {
      for (const chunk of chunks) {
        far.write(chunk)
        await settle()
      }
    },
    heard: () => hexOf((far.read() as Uint8Array | null) ?? new Uint8Array(0)),
  }
}

const STREAM = bytes(
  [GET_ATR, COMMAND, POWER_ON, COMMAND, RESET, GET_ATR, POWER_OFF, COMMAND, RESET].join(''),
)
const CALLS = ['used', 'cold', '00D8000000', 'warm', 'cold']
const ANSWERS = '00053B80800101' + '0000' + '00029000' + '00053B80800101' + '0000'

test('vpcd: power, resets, ATR and commands reach the card, however the stream is cut', async () => {
  for (let split = 0; split < STREAM.length; split++) {
    const { send, calls, heard } = bench()
    await send(STREAM.slice(0, split), STREAM.slice(split))
    assert.deepEqual([calls, heard()], [CALLS, ANSWERS], `cut at ${split}`)
  }
  const { send, calls, heard } = bench()
  await send(...Array.from(STREAM, (byte) => Uint8Array.of(byte)))
  assert.deepEqual([calls, heard()], [CALLS, ANSWERS])
})

test('vpcd: the longest frame reaches the card, an answer that fits in none pulls it', async () => {
  const lengths: number[] = []
  const { send, heard, end, near } = bench({
    apdu: (command) => Promise.resolve(new Uint8Array(lengths.push(command.length) === 1 ? 0xffff : 0x10000)),
  })
  await send(bytes(POWER_ON), frameOf(new Uint8Array(0xffff)))
  assert.equal(heard().slice(0, 4), 'FFFF')
  await send(bytes(COMMAND))
  await assert.rejects(end, { code: 'client.protocol' })
  assert.deepEqual(lengths, [0xffff, 5])
  assert.ok(near.destroyed)
})

test('vpcd: what no reader sends ends it, and nothing behind it is served', async () => {
  for (const hex of ['0000', '0001 03', '0001 ff']) {
    const { send, calls, end, near } = bench()
    await send(bytes(`${hex} ${POWER_ON}`))
    await assert.rejects(end, READER_GONE)
    assert.deepEqual(calls, ['used'])
    assert.ok(near.destroyed)
  }
})

test('vpcd: a reader that asks nothing, or only half of something, has 5 s; then it may be silent', async () => {
  for (const hex of ['', '00', '0005 00d8']) {
    const { send, clock, end, near } = bench()
    if (hex !== '') await send(bytes(hex))
    await clock.advanceTo(4_999)
    assert.ok(!near.destroyed)
    await clock.advanceTo(5_000)
    await assert.rejects(end, READER_GONE)
    assert.equal(clock.pending, 0)
  }
  const { send, clock, near } = bench()
  await send(bytes(GET_ATR))
  await clock.advanceTo(1e9)
  assert.ok(!near.destroyed)
})

test('vpcd: a reader that does not read its answers is given up', async () => {
  const { far, end } = bench()
  far.write(Buffer.concat(Array.from({ length: 40_000 }, () => bytes(GET_ATR))))
  await assert.rejects(end, { ...READER_GONE, message: /does not read/ })
})

test('vpcd: commands wait for the one before; a card that fails is pulled at once', async () => {
  const failure = new ClientError('client.timeout', 'no answer')
  let fail: (error: Error) => void = () => undefined
  let asked = 0
  const { send, end, near } = bench({
    apdu: () => new Promise((_, reject) => asked++ === 0 && (fail = reject)),
  })
  await send(bytes(`${POWER_ON} ${COMMAND} ${COMMAND}`))
  assert.equal(asked, 1)
  fail(failure)
  await assert.rejects(end, failure)
  assert.equal(asked, 1)
  assert.ok(near.destroyed)
})

test('vpcd: a reader that hangs up, or breaks, is told as such; what destroys the connection is passed on', async () => {
  const hungUp = bench()
  hungUp.far.end()
  await assert.rejects(hungUp.end, { ...READER_GONE, message: 'pcscd hung up' })
  const broken = bench()
  broken.near.destroy(new Error('read ECONNRESET'))
  await assert.rejects(broken.end, { ...READER_GONE, message: /ECONNRESET/ })
  const lost = bench()
  const cause = new ClientError('client.transport', 'the gateway is gone')
  lost.near.destroy(cause)
  await assert.rejects(lost.end, cause)
})
