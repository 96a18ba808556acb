// The driver of PC/SC readers on a real pcscd with virtual readers: the same for each library.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { SecureElement } from '../../src/drivers/driver.ts'
import { LinkError } from '../../src/drivers/errors.ts'
import { loadLibrary } from '../../src/drivers/pcsc-library.ts'
import type { LibraryName, ReaderWatch } from '../../src/drivers/pcsc-port.ts'
import { PrivatePcscd } from '../support/pcscd.ts'
import { run } from './child.ts'
import { exchange, PcscBench, resetOf } from './pcsc-bench.ts'

const LIBRARIES: readonly LibraryName[] = ['pcsclite', 'smartcard']
const READERS = ['Rig A', 'Rig B (SN42)', 'Rig C', 'Rig D']
const ATR_OF_T1 = '3b8880016b6579312e636f6d00'
const ATR_OF_T0 = '3b6800006b6579312e636f6d'

const missing = LIBRARIES.map((library) => PrivatePcscd.isMissing(library)).find((reason) => reason !== false)
const skip = missing ?? false
// libpcsclite reads the variable once a process, so all tests here share one daemon.
const pcscd = skip === false ? PrivatePcscd.prepare(READERS) : undefined
if (pcscd !== undefined) Object.assign(process.env, pcscd.env)
before(() => pcscd?.start())
after(() => pcscd?.[Symbol.asyncDispose]())

for (const library of LIBRARIES) {
  const name = (claim: string): string => `pcsc: ${claim} (${library})`
  const open = (...readers: string[]) =>
    PcscBench.open(pcscd, ...readers.map((reader) => ({ reader, library })))

  test(name('without pcscd it opens, says so, and serves as soon as there is one'), { skip }, async () => {
    await pcscd!.end()
    await using bench = await open('*')
    const [line, ...more] = bench.log.of('pcsc.lost')
    assert.equal(line?.level, 'warn')
    assert.match(String(line.fields['remedy']), /apt-get install pcscd/)
    await pcscd!.insert(0)
    await pcscd!.start()
    assert.equal(await resetOf(await bench.element('Rig-A-00-00')), ATR_OF_T1)
    assert.deepEqual(more, [])
  })

  test(name('a card that comes, its ATR, and the card that goes'), { skip }, async () => {
    await using bench = await open('*')
    await pcscd!.insert(0, { sen: 'first.org' })
    const element = await bench.element('Rig-A-00-00')
    await resetOf(element)
    // The name is in the ATR after the one that selects the applet.
    assert.match(await resetOf(element, 'warm'), /66697273742e6f7267/)
    assert.equal(await exchange(element, '00 a4 04 00 06 01 02 03 04 05 00'), '9000')
    await pcscd!.pull(0)
    assert.equal(await bench.left(element), 'the card was removed')
    await assert.rejects(exchange(element, '00 a4 04 00 00'), { code: 'element.gone' })
    await assert.rejects(resetOf(element), { code: 'element.gone' })
    assert.deepEqual(bench.reports, ['+ Rig-A-00-00', '- Rig-A-00-00: the card was removed'])
  })

  test(name('a swapped card leaves and arrives, one that is reset does neither'), { skip }, async () => {
    await using bench = await open('Rig A*')
    await pcscd!.insert(0)
    const first = await bench.element('Rig-A-00-00')
    for (const kind of ['cold', 'warm', 'cold', 'warm'] as const) await resetOf(first, kind)
    await first.powerOff()
    await resetOf(first)
    assert.deepEqual(bench.reports, ['+ Rig-A-00-00'])
    await pcscd!.pull(0)
    await pcscd!.insert(0, { protocol: 't0' })
    await bench.left(first)
    assert.equal(await resetOf(await bench.element('Rig-A-00-00')), ATR_OF_T0)
  })

  test(name('cold takes the power away, warm does not; power-off is felt'), { skip }, async () => {
    await using bench = await open('Rig A*')
    await pcscd!.insert(0)
    const element = await bench.element('Rig-A-00-00')
    await resetOf(element)
    await pcscd!.tally(0)
    await resetOf(element, 'warm')
    assert.deepEqual((await pcscd!.tally(0)).resets, ['warm'])
    await resetOf(element, 'cold')
    assert.deepEqual((await pcscd!.tally(0)).resets, ['cold'])
    await element.powerOff()
    await assert.rejects(exchange(element, '00 a4 04 00 00'), { code: 'element.mute' })
  })

  test(name('T=1 carries each case as it is, extended length too'), { skip }, async () => {
    await using bench = await open('Rig A*')
    const answers = {
      '00010000': '6a01',
      '0002000005': '01020304059000',
      '000300000201029000': '9000',
      '0003000002aabb': '9000',
      '0004000002aabb00': `${'cc'.repeat(256)}9000`,
      '0005000000ffff': `${'dd'.repeat(3000)}9000`,
      [`00060000000400${'ee'.repeat(1024)}0400`]: `${'ff'.repeat(1024)}6282`,
    }
    await pcscd!.insert(0, { answers })
    const element = await bench.element('Rig-A-00-00')
    await resetOf(element)
    for (const [command, response] of Object.entries(answers))
      assert.equal(await exchange(element, command), response)
    assert.deepEqual((await pcscd!.tally(0)).received, Object.keys(answers))
  })

  test(name('T=0 gets P3 = 00 in case 1, no Le in case 4; 61xx, 6Cxx and 9Fxx go up'), { skip }, async () => {
    await using bench = await open('Rig A*')
    const answers = {
      '0001000000': '6a01',
      '0002000005': '6c08',
      '0003000002aabb': '9f10',
      '0004000002aabb': '6105',
    }
    await pcscd!.insert(0, { protocol: 't0', answers })
    const element = await bench.element('Rig-A-00-00')
    await resetOf(element)
    assert.equal(await exchange(element, '00 01 00 00'), '6a01')
    assert.equal(await exchange(element, '00 02 00 00 05'), '6c08')
    assert.equal(await exchange(element, '00 03 00 00 02 aabb'), '9f10')
    assert.equal(await exchange(element, '00 04 00 00 02 aabb 00'), '6105')
    assert.deepEqual((await pcscd!.tally(0)).received, Object.keys(answers))
  })

  test(name('a card pulled in the middle of a command ends it as gone'), { skip }, async () => {
    await using bench = await open('Rig A*')
    await pcscd!.insert(0, { silentOn: '00b0000000' })
    const element = await bench.element('Rig-A-00-00')
    await resetOf(element)
    const answer = exchange(element, '00 b0 00 00 00')
    answer.catch(() => undefined)
    await pcscd!.silence()
    await pcscd!.pull(0)
    await assert.rejects(answer, { code: 'element.gone' })
    await bench.left(element)
    await pcscd!.insert(0)
    assert.equal(await resetOf(await bench.element('Rig-A-00-00')), ATR_OF_T1)
  })

  test(name('a silent card: time-out, stuck until the answer, which nobody gets'), { skip }, async () => {
    await using bench = await open('Rig A*', 'Rig C*')
    await pcscd!.insert(0, {
      silentOn: '00b0000000',
      answers: { '00b0000000': 'dead9000', '00b1000000': '9001' },
    })
    await pcscd!.insert(4, { answers: { '00b1000000': '9002' } })
    const [element, other] = [await bench.element('Rig-A-00-00'), await bench.element('Rig-C-00-00')]
    await Promise.all([resetOf(element), resetOf(other)])
    await assert.rejects(exchange(element, '00 b0 00 00 00', 100), { code: 'link.timeout' })
    await assert.rejects(exchange(element, '00 b1 00 00 00'), { code: 'link.stuck', message: /still busy/ })
    await assert.rejects(resetOf(element), { code: 'link.stuck' })
    const askedAt = performance.now()
    assert.equal(await exchange(other, '00 b1 00 00 00'), '9002')
    assert.ok(performance.now() - askedAt < 1000, 'the other reader does not wait')
    await pcscd!.release()
    await untilReset(element)
    assert.equal(await exchange(element, '00 b1 00 00 00'), '9001')
  })

  test(name('a card that gives no ATR: time-out, stuck until it is pulled'), { skip }, async () => {
    await using bench = await open('Rig A*')
    await pcscd!.insert(0)
    const element = await bench.element('Rig-A-00-00')
    await resetOf(element)
    await pcscd!.mute(0)
    await assert.rejects(element.reset('cold', performance.now() + 200), { code: 'link.timeout' })
    await assert.rejects(resetOf(element), { code: 'link.stuck' })
    await pcscd!.pull(0)
    await bench.left(element)
    await pcscd!.insert(0)
    assert.equal(await resetOf(await bench.element('Rig-A-00-00')), ATR_OF_T1)
  })

  test(name('pcscd killed and started again: all cards leave, and are back within 3 s'), {
    skip,
  }, async () => {
    await using bench = await open('*')
    for (const slot of [0, 3]) await pcscd!.insert(slot, { silentOn: '00b0000000' })
    const element = await bench.element('Rig-A-00-00')
    const other = await bench.element('SN42-01')
    await resetOf(element)
    const answer = exchange(element, '00 b0 00 00 00')
    answer.catch(() => undefined)
    await pcscd!.silence()
    await pcscd!.end('SIGKILL')
    await assert.rejects(answer, { code: 'link.closed' })
    assert.equal(await bench.left(element), 'pcscd is gone')
    await bench.left(other)
    await pcscd!.start()
    const startedAt = performance.now()
    assert.equal(await resetOf(await bench.element('Rig-A-00-00')), ATR_OF_T1)
    assert.equal(await resetOf(await bench.element('SN42-01')), ATR_OF_T1)
    assert.ok(performance.now() - startedAt < 3000, `${performance.now() - startedAt} ms`)
    assert.equal(bench.log.of('pcsc.lost').length, 1)
    assert.equal(bench.log.of('pcsc.connected').length, 2)
  })

  test(name('a card in use by another program leaves, and is back when it is free'), { skip }, async () => {
    await using bench = await open('Rig A*')
    const other: LibraryName = library === 'pcsclite' ? 'smartcard' : 'pcsclite'
    await pcscd!.insert(0)
    const element = await bench.element('Rig-A-00-00')
    const holder = await holderOf(other, 'Rig A 00 00')
    await assert.rejects(resetOf(element), { code: 'link.nack', message: /another program/ })
    assert.match(await bench.left(element), /another program/)
    await holder.close()
    assert.equal(await resetOf(await bench.element('Rig-A-00-00')), ATR_OF_T1)
  })

  test(name('a reader belongs to the first entry that selects it; a SEID to one reader'), {
    skip,
  }, async () => {
    await using bench = await PcscBench.open(pcscd)
    for (const slot of [0, 1, 2, 5]) await pcscd!.insert(slot)
    await bench.add(
      { reader: 'SN42', seid: 'by-serial', library },
      { reader: 'Rig A 00 0?', seid: 'one-only', library },
      { reader: '*', library },
    )
    await bench.element('by-serial')
    await bench.element('one-only')
    await bench.element('Rig-C-00-01')
    await bench.until(() => bench.log.of('pcsc.refused').length > 0, 'the refusal')
    assert.deepEqual(bench.seids, ['Rig-C-00-01', 'by-serial', 'one-only'])
    const [refusal, ...more] = bench.log.of('pcsc.refused')
    assert.match(String(refusal?.fields['cause']), /'one-only' belongs to reader 'Rig A 00 0[01]'/)
    assert.deepEqual(more, [])
  })

  test(name('eight readers compute at the same time'), { skip }, async () => {
    await using bench = await open('*')
    const slots = [0, 1, 2, 3, 4, 5, 6, 7]
    for (const slot of slots) await pcscd!.insert(slot, { latencyMs: 100 })
    await bench.until(() => bench.seids.length === slots.length, 'eight cards')
    await pcscd!.tally(0)
    const child = `${import.meta.dirname}/children/pcsc-parallel.ts`
    const said = await run([process.execPath, '--import', 'tsx', child, library], {
      UV_THREADPOOL_SIZE: '16',
    })
    assert.equal(said, '8 cards, 40 answers\n')
    assert.equal((await pcscd!.tally(0)).mostInWork, 8)
  })
}

/** Another program that has got hold of the card in `reader`. */
async function holderOf(library: LibraryName, reader: string): Promise<{ close(): Promise<void> }> {
  const cards = await loadLibrary(library)
  const watch = await new Promise<ReaderWatch>((resolve) => {
    const begun = cards.watch({
      onReader: (status) => {
        if (status.reader === reader) setImmediate(() => resolve(begun))
      },
      onRemoved: () => undefined,
      onLost: () => undefined,
    })
  })
  const session = cards.open(reader)
  await session.reset('cold')
  return {
    close: async () => {
      await session.close()
      watch.close()
    },
  }
}

/** Resets an element as soon as it is no longer stuck. */
async function untilReset(element: SecureElement): Promise<void> {
  for (;;) {
    try {
      await resetOf(element)
      return
    } catch (error) {
      if (!(error instanceof LinkError) || error.code !== 'link.stuck') throw error
      await delay(5)
    }
  }
}
