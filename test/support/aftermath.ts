// What every bad client must leave behind: one line in the log, no slot held, no socket open.

import assert from 'node:assert/strict'
import type { Gateway, LogLine, LogPattern } from './gateway.ts'
import { askOnce, type RawPeer } from './peers.ts'

/**
 * Lets `misbehave` have its way with a connection, and checks the one log line about it; that a good client on
 * `key1.com` is served at once; and that the gateway has no more sockets than before.
 * @param ending  what the line must say
 * @returns the line
 */
export async function checkAftermath(
  gateway: Gateway,
  ending: LogPattern,
  misbehave: () => Promise<RawPeer>,
): Promise<LogLine> {
  const socketsBefore = gateway.sockets()
  const { name: peer } = await misbehave()
  const line = await gateway.logged('session.closed', { peer })
  for (const [field, wanted] of Object.entries(ending)) {
    if (wanted instanceof RegExp) assert.match(String(line[field]), wanted)
    else assert.equal(line[field], wanted)
  }
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
  await gateway.socketsBackTo(socketsBefore)
  assert.equal(gateway.all('session.closed', { peer }).length, 1)
  return line
}
