import assert from 'node:assert/strict'
import test from 'node:test'
import { AGE_LIMIT_MS, type Claim, displacedBy, nextOf, Turns } from '../../src/slots/turn-order.ts'
import { Random } from '../support/random.ts'

const claim = (address: string, since: number, priority: Claim['priority'] = 'service'): Claim => ({
  address,
  since,
  priority,
})
const none = (): number => -1

test('turn order: nobody is next of nobody', () => {
  assert.equal(nextOf<Claim>([], 0, none), undefined)
})

test('turn order: the gateway goes before all, operators before clients, until one has waited too long', () => {
  const client = claim('a', 1)
  const operator = claim('b', 2, 'operator')
  const gateway = claim('c', 3, 'gateway')
  assert.equal(nextOf([client, operator, gateway], 10, none), gateway)
  assert.equal(nextOf([client, operator], 10, none), operator)
  assert.equal(nextOf([client, operator], AGE_LIMIT_MS, none), operator)
  assert.equal(nextOf([client, operator], AGE_LIMIT_MS + 1, none), client)
  assert.equal(nextOf([client, operator, gateway], AGE_LIMIT_MS + 1, none), gateway)
})

test('turn order: of addresses the one whose turn is longest ago, of one address who came first', () => {
  const [a1, a2, b1] = [claim('a', 1), claim('a', 2), claim('b', 3)]
  const turns = new Turns()
  const next = (): Claim | undefined => nextOf([a1, a2, b1], 10, (address) => turns.of(address))
  assert.equal(next(), a1)
  turns.begin('a')
  assert.equal(next(), b1)
  turns.begin('b')
  assert.equal(next(), a1)
})

test('turn order: remembers the turns of 256 addresses, and takes one that it forgot for new', () => {
  const turns = new Turns()
  for (let n = 0; n < 256; n++) turns.begin(`${n}`)
  assert.deepEqual([turns.of('0'), turns.of('255')], [0, 255])
  turns.begin('256')
  assert.deepEqual([turns.of('0'), turns.of('1')], [-1, 1])
  turns.begin('1')
  turns.begin('257')
  assert.deepEqual([turns.of('1'), turns.of('2')], [257, -1])
})

test('turn order: the last of the address with most is displaced, if that has two more than the newcomer', () => {
  const line = [claim('a', 1), claim('b', 2), claim('a', 3)]
  assert.equal(displacedBy(line, claim('c', 9)), line[2])
  assert.equal(displacedBy(line, claim('b', 9)), undefined)
  assert.equal(displacedBy(line, claim('a', 9)), undefined)
  assert.equal(displacedBy(line.slice(0, 2), claim('c', 9)), undefined)
  assert.equal(displacedBy<Claim>([], claim('c', 9)), undefined)
  assert.equal(displacedBy([claim('a', 1, 'operator'), claim('a', 2, 'operator')], claim('c', 9)), undefined)
})

test('turn order: against any crowd nobody waits longer than the age limit and the turns of who was there', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed)
    const turns = new Turns()
    const line: Claim[] = []
    const longestTurnMs = 100
    let now = 0
    for (let turn = 0; turn < 500; turn++) {
      while (line.length < 8) {
        line.push(claim(`${random.int(6)}`, now, random.oneIn(3) ? 'operator' : 'service'))
      }
      const next = nextOf(line, now, (address) => turns.of(address))!
      const waitedMs = now - next.since
      assert.ok(waitedMs <= AGE_LIMIT_MS + 8 * longestTurnMs, `seed ${seed}: ${waitedMs} ms`)
      line.splice(line.indexOf(next), 1)
      turns.begin(next.address)
      now += random.int(longestTurnMs)
    }
  }
})
