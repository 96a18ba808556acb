// The issuer security domain as far as somebody can find out whether it is there. Nothing can be loaded yet.

import { bytesOfHex } from '../base/hex.ts'
import { type Answer, ok, SW, status } from './answer.ts'
import type { Command } from './command.ts'

/** What the issuer domain answers when it is the selected application. */
export function runIssuerDomain({ ins, p1, data }: Command): Answer {
  if (ins !== INS_SELECT) return status(SW.UNKNOWN_INS)
  const isSelf = p1 === P1_BY_NAME && (data.length === 0 || isNameOf(ISSUER_DOMAIN_AID, data))
  return isSelf ? ok(ISSUER_DOMAIN_FCI) : status(SW.FILE_NOT_FOUND)
}

/** Whether a SELECT with `name` means the application `aid`: the whole of it, or its first five bytes or more. */
export function isNameOf(aid: Uint8Array, name: Uint8Array): boolean {
  return name.length >= RID_BYTES && Buffer.compare(aid.subarray(0, name.length), name) === 0
}

export const INS_SELECT = 0xa4
export const P1_BY_NAME = 0x04
export const ISSUER_DOMAIN_AID = Uint8Array.of(0xa0, 0, 0, 1, 0x51, 0, 0, 0)
const RID_BYTES = 5
// File control information: AID, and 255 bytes as the longest command data (GlobalPlatform 2.3.1 section 11.9).
const ISSUER_DOMAIN_FCI = bytesOfHex('6F108408A000000151000000A5049F6501FF') ?? new Uint8Array(0)
