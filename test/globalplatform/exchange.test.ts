import assert from 'node:assert/strict'
import test from 'node:test'
import { exchange } from '../../src/globalplatform/exchange.ts'
import { elementSaying, gpError, lineTo } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const GET_DATA = '80CA006600'
const WITH_DATA = '80F280020A4F00F9CB443FF3C5E38A00'

async function exchanged(command: string, ...answers: readonly string[]) {
  const line = elementSaying(...answers)
  return { ...(await exchange(line.transmit, hex(command))), sent: line.sent }
}

test('exchange: data and status word of one answer', async () => {
  assert.deepEqual(await exchanged(GET_DATA, '66 01 AA | 9000'), {
    data: hex('66 01 AA'),
    sw: 0x9000,
    sent: [GET_DATA],
  })
})

test('exchange: status words that are no follow-up end it, 9Fxx too (ISO/IEC 7816-4)', async () => {
  for (const sw of ['6A88', '6283', '6310', '9F10', '6700', '9000']) {
    const { data, sent } = await exchanged(GET_DATA, sw)
    assert.deepEqual([data.length, sent], [0, [GET_DATA]])
  }
})

test('exchange: 61xx is followed in class 00, piece after piece, also of a wrapped command', async () => {
  const answers = ['AA 6102', 'BBCC 6100', 'DD 9000']
  assert.deepEqual(await exchanged(WITH_DATA, ...answers), {
    data: hex('AA BBCC DD'),
    sw: 0x9000,
    sent: [WITH_DATA, '00C0000002', '00C0000000'],
  })
})

test('exchange: a GET RESPONSE with the wrong Le is repeated with the right one', async () => {
  const { data, sent } = await exchanged(WITH_DATA, '6110', '6C02', 'AABB 9000')
  assert.deepEqual(data, hex('AABB'))
  assert.deepEqual(sent, [WITH_DATA, '00C0000010', '00C0000002'])
})

test('exchange: 6Cxx repeats a command without data once, with the Le that it says', async () => {
  const { data, sw, sent } = await exchanged(GET_DATA, '6C02', 'AABB 9000')
  assert.deepEqual([data, sw, sent], [hex('AABB'), 0x9000, [GET_DATA, '80CA006602']])
  const twice = await exchanged(GET_DATA, '6C02', '6C03')
  assert.deepEqual([twice.sw, twice.sent.length], [0x6c03, 2])
})

test('exchange: 6Cxx never repeats a command with data, nor a bare header', async () => {
  for (const command of [
    WITH_DATA,
    '84CA0066086D5E851162EABA4C00',
    '84CA0066086D5E851162EABA4C',
    '80CA0066',
  ]) {
    const { sw, sent } = await exchanged(command, '6C10')
    assert.deepEqual([sw, sent], [0x6c10, [command]])
  }
})

test('exchange: 61xx without end is malformed after 32 GET RESPONSE', async () => {
  const line = lineTo(() => hex('6110'))
  await assert.rejects(exchange(line.transmit, hex(GET_DATA)), gpError('gp.malformed'))
  assert.equal(line.sent.length, 33)
  const last = [...Array<string>(32).fill('AA 6101'), 'BB 9000']
  assert.equal((await exchanged(GET_DATA, ...last)).data.length, 33)
})

test('exchange: an answer may have 4096 bytes in all, and not one more', async () => {
  const piece = `${'AA'.repeat(256)} 6100`
  const fifteen = Array<string>(15).fill(piece)
  const { data } = await exchanged(GET_DATA, ...fifteen, `${'BB'.repeat(256)} 9000`)
  assert.equal(data.length, 4096)
  await assert.rejects(exchanged(GET_DATA, ...fifteen, piece, 'CC 9000'), gpError('gp.malformed'))
})

test('exchange: an answer without a whole status word is malformed', async () => {
  for (const answer of ['', '90']) {
    await assert.rejects(exchanged(GET_DATA, answer), gpError('gp.malformed', /the answer of the element/))
  }
})

test('exchange: what transmit throws comes through, and nothing is sent again', async () => {
  const gone = new Error('the reader is gone')
  const line = lineTo(() => {
    throw gone
  })
  await assert.rejects(exchange(line.transmit, hex(WITH_DATA)), gone)
  assert.equal(line.sent.length, 1)
})

test('exchange: the data are not those of the buffer that transmit keeps', async () => {
  const kept = hex('AABB 9000')
  const { data } = await exchange(() => Promise.resolve(kept), hex(GET_DATA))
  kept.fill(0)
  assert.deepEqual(data, hex('AABB'))
})
