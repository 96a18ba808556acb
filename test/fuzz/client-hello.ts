import assert from 'node:assert/strict'
import { PeerError } from '../../src/net/errors.ts'
import { HelloCollector, parseClientHello } from '../../src/tlsse/client-hello.ts'
import {
  extension,
  FIT,
  handshakeRecords,
  helloMessage,
  POINT,
  shares,
  versions,
} from '../support/hello-bytes.ts'
import { mutate } from '../support/mutate.ts'
import type { FuzzTarget } from './target.ts'

/** A hello is refused as the peer's mistake, or its name is a piece of it; records cut anywhere change nothing. */
export const clientHello: FuzzTarget = {
  name: 'client-hello',
  run(random) {
    const message = random.oneIn(10) ? random.bytes(random.int(120)) : mutate(random, random.pick(SEEDS))
    if (message.length < 4) return
    if (random.oneIn(2)) repair(message)
    const whole = collect(handshakeRecords(message))
    const cut = collect(handshakeRecords(message, 1 + random.int(message.length)))
    if (!(whole instanceof Uint8Array)) return
    assert.deepEqual(cut, whole)
    const { serverName } = parsed(whole) ?? {}
    if (serverName === undefined) return
    assert.ok(serverName.length > 0 && serverName.buffer === whole.buffer)
  },
}

/** Right type and length, so that damages further in are reached. */
function repair(message: Uint8Array): void {
  const length = message.length - 4
  message.set([1, length >> 16, (length >> 8) & 0xff, length & 0xff])
}

function collect(records: readonly Uint8Array[]): Uint8Array | string {
  const collector = new HelloCollector()
  try {
    for (const record of records) {
      const message = collector.add(record)
      if (message !== undefined) return message
    }
    return 'more'
  } catch (error) {
    assert.ok(error instanceof PeerError, String(error))
    return 'refused'
  }
}

function parsed(message: Uint8Array): ReturnType<typeof parseClientHello> | undefined {
  try {
    return parseClientHello(message)
  } catch (error) {
    assert.ok(error instanceof PeerError && error.code === 'peer.syntax', String(error))
    return undefined
  }
}

const SEEDS = [
  helloMessage(),
  helloMessage({ sessionId: new Uint8Array(32), suites: [0x0a0a, 0x1301, 0x1304] }),
  helloMessage({
    extensions: [
      extension(0x1a1a, new Uint8Array(1)),
      FIT.serverName,
      versions(0x2a2a, 0x0304),
      shares([0x001d, new Uint8Array(32)], [0x0017, POINT]),
      FIT.pskModes,
      FIT.preSharedKey,
    ],
  }),
]
