// PUT KEY of a whole set (GlobalPlatform Card Specification 2.3.1, 11.8).

import { ByteReader } from '../../base/byte-reader.ts'
import { type Answer, ok, SW, status } from '../answer.ts'
import type { Command } from '../command.ts'
import type { CardChannel } from './channel.ts'
import { type CardKeySet, type KeyRing, keyCheckValue } from './key-ring.ts'
import { isSame } from './registry.ts'
import { shortValue } from './tlv.ts'

/** @param algorithm  of the session: other keys this domain has no use for */
export function putKey(
  { p1, p2, data }: Command,
  ring: KeyRing,
  channel: CardChannel,
  algorithm: CardKeySet['algorithm'],
): Answer {
  if (p2 !== THREE_FROM_FIRST || p1 > 0x7f) return status(SW.WRONG_P1P2)
  const reader = new ByteReader(data)
  const version = reader.u8()
  if (version === 0 || version > 0x7f) return status(SW.WRONG_DATA)
  const fields = [keyIn(reader), keyIn(reader), keyIn(reader)]
  const before = p1 === 0 ? undefined : ring.find(p1)
  if (reader.remaining > 0) return status(SW.WRONG_DATA)
  if (p1 !== 0 && before === undefined) return status(SW.NOT_FOUND)
  if (version !== p1 && ring.find(version) !== undefined) return status(SW.WRONG_DATA)
  const keys = fields.map((field) => clearKey(field, channel, algorithm))
  const [enc, mac, dek] = keys
  if (enc === undefined || mac === undefined || dek === undefined) return status(SW.WRONG_DATA)
  const length = enc.length
  if (mac.length !== length || dek.length !== length) return status(SW.WRONG_DATA)
  // Neither kind nor length of a set can change.
  if (before !== undefined && (before.algorithm !== algorithm || before.enc.length !== length))
    return status(SW.WRONG_DATA)
  const values = [enc, mac, dek].map((key) => keyCheckValue(algorithm, key))
  if (!values.every((value, n) => isSame(value, fields[n]?.checkValue ?? value))) return status(SW.SECURITY)
  if (before === undefined && ring.isFull) return status(SW.NO_MEMORY)
  ring.put({ version, algorithm, enc, mac, dek, counter: algorithm === 'aes' ? 0 : 1, tries: 0 }, p1)
  return ok(Uint8Array.of(version, ...values.flatMap((value) => [...value])))
}

interface KeyField {
  readonly type: number
  readonly body: Uint8Array
  readonly checkValue: Uint8Array
}

function keyIn(reader: ByteReader): KeyField {
  return { type: reader.u8(), body: shortValue(reader), checkValue: shortValue(reader) }
}

function clearKey(
  { type, body }: KeyField,
  channel: CardChannel,
  algorithm: CardKeySet['algorithm'],
): Uint8Array | undefined {
  if (algorithm === '3des')
    return type === TYPE_3DES && body.length === 16 ? channel.openKey(body) : undefined
  if (type !== TYPE_AES) return undefined
  // With the length of the clear key in front, or without where it can be told from that of the secret.
  const hasLength = body.length % 16 === 1
  const length = hasLength ? (body[0] ?? 0) : body.length
  const secret = hasLength ? body.subarray(1) : body
  const isWhole = [16, 24, 32].includes(length) && secret.length === Math.ceil(length / 16) * 16
  return isWhole ? channel.openKey(secret)?.slice(0, length) : undefined
}

/** Key identifiers 1 to 3 in one command. */
const THREE_FROM_FIRST = 0x81
const TYPE_3DES = 0x80
const TYPE_AES = 0x88
