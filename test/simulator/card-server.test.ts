import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { Card } from '../../src/simulator/card.ts'
import { serveCard } from '../../src/simulator/card-server.ts'
import { LATENCY_PROFILES, type LatencyName } from '../../src/simulator/latency.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'
import { bytes } from '../support/vectors.ts'

const ATR = '0005 3B80800101'.replace(' ', '')
const NAMED_ATR = '000D 3B8880016B6579312E636F6D00'.replace(' ', '')
const POWER_ON_AND_ATR = '0001 01 | 0001 04'
const TLS_RESET = '0005 00d8000000'

async function rig(latency: LatencyName = 'none') {
  const directory = mkdtempSync(join(tmpdir(), 'card-'))
  const path = join(directory, 'card')
  const clock = new ManualClock()
  const card = new Card({ applet: 'keystore', protocol: 't1' })
  const server = await serveCard({ card, path, clock, latency: LATENCY_PROFILES[latency] })
  return {
    path,
    clock,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      assert.ok(!existsSync(path))
      rmSync(directory, { recursive: true })
    },
  }
}

/** A client that writes hex and collects hex. */
class Peer {
  readonly socket: Socket
  heard = ''
  isClosed = false

  constructor(path: string) {
    this.socket = connect(path)
    this.socket.on('data', (chunk: Buffer) => (this.heard += hexOf(chunk)))
    this.socket.on('close', () => (this.isClosed = true)).on('error', () => undefined)
  }

  write(hex: string): void {
    this.socket.write(bytes(hex))
  }

  /** Sends and waits until exactly `expected` has been heard since the last time. */
  async hears(hex: string, expected: string): Promise<void> {
    this.heard = ''
    this.write(hex)
    await until(() => this.heard.length >= expected.length || this.isClosed)
    assert.equal(this.heard, expected)
  }
}

test('card server: serves power, reset, ATR and APDUs at a socket for its owner alone', async () => {
  await using served = await rig()
  assert.equal(statSync(served.path).mode & 0o777, 0o600)
  const peer = new Peer(served.path)
  await peer.hears('0001 04', '0000')
  await peer.hears(POWER_ON_AND_ATR, ATR)
  await peer.hears(TLS_RESET, '00029000')
  await peer.hears('0001 02 | 0001 04', NAMED_ATR)
  await peer.hears('0001 01 | 0001 04', NAMED_ATR)
  await peer.hears('0002 0020', '00026700')
  await peer.hears(`0001 00 | ${TLS_RESET}`, '0000')
  peer.socket.destroy()
})

test('card server: answers frames in order, however they are cut', async () => {
  await using served = await rig()
  const peer = new Peer(served.path)
  for (const byte of bytes(`${POWER_ON_AND_ATR} | ${TLS_RESET} | ${TLS_RESET}`)) {
    peer.socket.write(Uint8Array.of(byte))
    await settle()
  }
  const expected = `${ATR}0002900000029000`
  await until(() => peer.heard.length >= expected.length)
  assert.equal(peer.heard, expected)
  peer.socket.destroy()
})

test('card server: hangs up on what no reader sends, and serves the next client', async () => {
  await using served = await rig()
  const hostile: Record<string, string> = {
    'an empty frame': '0000',
    'an unknown control code': '0001 03',
    'a frame of 262 bytes': `0106 ${'00'.repeat(262)}`,
    'a huge length': 'ffff 00',
    'more commands than anybody waits for': `0001 01 | ${TLS_RESET.repeat(100)}`,
  }
  for (const [name, hex] of Object.entries(hostile)) {
    const peer = new Peer(served.path)
    peer.write(hex)
    await until(() => peer.isClosed)
    assert.ok(peer.isClosed, name)
  }
  const peer = new Peer(served.path)
  // Not one of those commands reached the card.
  await peer.hears(POWER_ON_AND_ATR, ATR)
  peer.socket.destroy()
})

test('card server: a second client gets the card when the first one goes, with the power off', async () => {
  await using served = await rig()
  const first = new Peer(served.path)
  await first.hears(POWER_ON_AND_ATR, ATR)
  const second = new Peer(served.path)
  second.write('0001 04')
  await first.hears(TLS_RESET, '00029000')
  assert.equal(second.heard, '')
  first.socket.destroy()
  await until(() => second.heard !== '')
  assert.equal(second.heard, '0000')
  await second.hears(POWER_ON_AND_ATR, NAMED_ATR)
  second.socket.destroy()
})

test('card server: a second client is sent away when the first one stays, a third at once', async () => {
  await using served = await rig()
  const first = new Peer(served.path)
  await first.hears(POWER_ON_AND_ATR, ATR)
  const second = new Peer(served.path)
  await until(() => served.clock.pending === 1)
  const third = new Peer(served.path)
  await until(() => third.isClosed)
  await served.clock.advanceBy(249)
  assert.equal(second.isClosed, false)
  await served.clock.advanceBy(1)
  await until(() => second.isClosed)
  await first.hears(TLS_RESET, '00029000')
  first.socket.destroy()
})

test('card server: takes the time of its profile, and a lost client does not hold up the next', async () => {
  await using served = await rig('p71')
  const first = new Peer(served.path)
  first.write(POWER_ON_AND_ATR)
  await until(() => served.clock.pending === 1)
  await served.clock.advanceBy(19)
  assert.equal(first.heard, '')
  await served.clock.advanceBy(1)
  await until(() => first.heard === ATR)
  first.write('0001 02')
  await until(() => served.clock.pending === 1)
  first.socket.destroy()
  const second = new Peer(served.path)
  await second.hears('0001 04', '0000')
  second.socket.destroy()
})
