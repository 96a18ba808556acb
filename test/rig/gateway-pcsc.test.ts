// The whole gateway over a real pcscd with eight virtual slots: both planes, cards that change, and a pcscd that goes.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { PrivatePcscd } from '../support/pcscd.ts'
import { askByOpenssl, askOnce, isMissing, NodePeer } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'

const skip = PrivatePcscd.isMissing('pcsclite')
const pcscd = skip === false ? await PrivatePcscd.started(['Rig A', 'Rig B', 'Rig C', 'Rig D']) : undefined
after(() => pcscd?.[Symbol.asyncDispose]())

const PCSC = '[[slots]]\ndriver = "pcsc"\n'
/** Of slot 0 to 7. */
const SEIDS = ['A', 'B', 'C', 'D'].flatMap((reader) => [`Rig-${reader}-00-00`, `Rig-${reader}-00-01`])
const SELECT = '00A4040006010203040500'

/** A gateway, and the cards in their slots as soon as they are served. */
async function start(cards: Readonly<Record<number, Parameters<PrivatePcscd['insert']>[1]>>, toml = PCSC) {
  await pcscd!.clear()
  const gateway = await Gateway.start(toml, pcscd!.env)
  await gateway.logged('pcsc.connected')
  for (const [slot, card] of Object.entries(cards)) await pcscd!.insert(Number(slot), card)
  await gateway.loggedTimes(Object.keys(cards).length, 'slot.ready')
  return gateway
}

test('pcsc: openssl reaches cards in eight slots, with T=0 and T=1', {
  skip: skip || isMissing('openssl', 'version'),
}, async () => {
  const cards = SEIDS.map((_, n) => ({ sen: `card${n}.com`, protocol: n % 2 === 0 ? 't1' : 't0' }) as const)
  await using gateway = await start(cards)
  const said = await Promise.all(cards.map(({ sen }) => askByOpenssl(gateway.port, sen)))
  for (const text of said) assert.match(text, /hello/)
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  const listed = await racs.ask('LIST')
  for (const seid of SEIDS) assert.match(listed.join(), new RegExp(`\\b${seid}\\b`))
})

for (const protocol of ['t1', 't0'] as const) {
  test(`pcsc: the administration plane with a card of protocol ${protocol}`, { skip }, async () => {
    await using gateway = await start({ 0: { sen: 'card.com', protocol } })
    await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
    const seid = SEIDS[0] ?? ''
    assert.deepEqual(await racs.ask(`POWERON ${seid}`), [`+008 001 ${seid} is on`])
    const [answer = ''] = await racs.ask(`APDU ${seid} ${SELECT} CONTINUE=9000`)
    assert.match(answer, /^\+006 .*9000$/)
    const [reset = ''] = await racs.ask(`RESET ${seid}`)
    assert.match(reset, /^\+005 .* ATR= 3B/)
  })
}

test('pcsc: a card that is swapped for one with another name is served by that name', { skip }, async () => {
  await using gateway = await start({ 0: { sen: 'old.com' } })
  assert.equal(await askOnce(gateway.port, 'old.com'), 'hello')
  await pcscd!.pull(0)
  await gateway.logged('slot.vacated', { seid: SEIDS[0] ?? '' })
  await pcscd!.insert(0, { sen: 'new.com' })
  await gateway.logged('slot.ready', { sen: 'new.com' })
  assert.equal(await askOnce(gateway.port, 'new.com'), 'hello')
  await assert.rejects(askOnce(gateway.port, 'old.com'), /unrecognized name/)
})

const TWINS = { 0: { sen: 'twin.com' }, 2: { sen: 'twin.com' } }

test('pcsc: cards with one name are all listed, and refused by name', { skip }, async () => {
  await using gateway = await start(TWINS)
  await assert.rejects(askOnce(gateway.port, 'twin.com'), /alert/)
  const { seids } = await gateway.logged('slot.name-duplicated', { sen: 'twin.com' })
  assert.deepEqual([...(seids as string[])].sort(), [SEIDS[0], SEIDS[2]])
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  const listed = await racs.ask('LIST')
  for (const seid of [SEIDS[0], SEIDS[2]]) assert.match(listed.join(), new RegExp(`\\b${seid}\\b`))
})

test('pcsc: cards with the name of a pool serve side by side', { skip }, async () => {
  await using gateway = await start(TWINS, `${PCSC}[[pools]]\nsen = "twin.com"\nmembers = ["twin.com"]\n`)
  await using first = await NodePeer.open(gateway.port, 'twin.com')
  await using second = await NodePeer.open(gateway.port, 'twin.com')
  assert.deepEqual([await first.ask('?01one'), await second.ask('?01two')], ['one', 'two'])
})

test('pcsc: without pcscd the other slots are served; when it comes, its cards are', { skip }, async () => {
  await pcscd!.clear()
  await pcscd!.end()
  await using gateway = await Gateway.start(
    `${PCSC}[[slots]]\ndriver = "simulator"\nsen = "sim.com"\n`,
    pcscd!.env,
  )
  await gateway.logged('pcsc.lost')
  assert.equal(await askOnce(gateway.port, 'sim.com'), 'hello')
  await pcscd!.start()
  await pcscd!.insert(0, { sen: 'card.com' })
  await gateway.logged('slot.ready', { sen: 'card.com' })
  assert.equal(await askOnce(gateway.port, 'card.com'), 'hello')
})

test('pcsc: a gateway with a card that never answers ends when told to', { skip }, async () => {
  const gateway = await start({ 0: { sen: 'stuck.com', silentOn: SELECT.toLowerCase() } })
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await racs.ask(`POWERON ${SEIDS[0]}`)
  const silence = pcscd!.silence()
  racs.ask(`APDU ${SEIDS[0]} ${SELECT}`).catch(() => undefined)
  await silence
  const startedAt = performance.now()
  const exitCode = await gateway.stop()
  assert.ok(performance.now() - startedAt < 8_000)
  // It had to end itself by SIGKILL, or the card was pulled from it in time.
  assert.ok(exitCode === null || exitCode === 0, String(exitCode))
  await pcscd!.release()
})
