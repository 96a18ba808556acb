// Selecting the issuer security domain, whose AID is not the same on all elements.

import { hexOf } from '../base/hex.ts'
import { ISSUER_DOMAIN_AIDS } from './aid.ts'
import { GlobalPlatformError } from './errors.ts'
import { exchange, type Transmit } from './exchange.ts'
import { tlvsOf, valueOf } from './tlv.ts'

export interface SelectedDomain {
  /** The whole AID, as the element has it. */
  readonly aid: Uint8Array
  /** The longest data of a command, secure messaging included: 255 or what the element says. */
  readonly maxCommandBytes: number
  /** The card is locked: nothing but its issuer domain can be selected. */
  readonly isLocked: boolean
}

/**
 * @param aid  the one and only, if it is known; else those that are usual are tried
 * @throws GlobalPlatformError gp.refused when there is none; whatever `transmit` throws
 */
export async function selectDomain(transmit: Transmit, aid?: Uint8Array): Promise<SelectedDomain> {
  const names = aid === undefined ? [...ISSUER_DOMAIN_AIDS, DEFAULT_SELECTED] : [aid]
  for (const name of names) {
    const domain = await trySelect(transmit, name)
    if (domain !== undefined) return domain
  }
  const message =
    aid === undefined
      ? 'no security domain answers to any of the usual names'
      : `no security domain answers to ${hexOf(aid)}`
  throw new GlobalPlatformError('gp.refused', message, { refusal: { step: 'SELECT', sw: undefined } })
}

async function trySelect(transmit: Transmit, name: Uint8Array): Promise<SelectedDomain | undefined> {
  const length = name.length === 0 ? [] : [name.length]
  const { data, sw } = await exchange(
    transmit,
    Uint8Array.of(0x00, 0xa4, 0x04, 0x00, ...length, ...name, 0x00),
  )
  if (sw !== SW_OK && sw !== SW_LOCKED) return undefined
  return domainOf(data, name, sw === SW_LOCKED)
}

/**
 * The domain that this is the file control information of. Applications that answer 9000 to every SELECT, whatever its
 * name, have none.
 */
function domainOf(fci: Uint8Array, name: Uint8Array, isLocked: boolean): SelectedDomain | undefined {
  try {
    const template = valueOf(tlvsOf(fci, 'SELECT'), 0x6f)
    const objects = tlvsOf(template ?? new Uint8Array(0), 'SELECT')
    const [aid, proprietary] = [valueOf(objects, 0x84), valueOf(objects, 0xa5)]
    if (aid === undefined || proprietary === undefined) return undefined
    if (Buffer.compare(aid.subarray(0, name.length), name) !== 0) return undefined
    const details = tlvsOf(proprietary, 'SELECT')
    const limit = valueOf(details, 0x9f65)
    // Whoever is only selected by default may as well be an application for payments, with the same two tags.
    const isDomain = name.length > 0 || limit !== undefined || valueOf(details, 0x73) !== undefined
    if (!isDomain) return undefined
    const longest = limit ?? new Uint8Array(0)
    const told = longest.reduce((sum, byte) => sum * 0x100 + byte, 0)
    const maxCommandBytes = told === 0 ? MAX_SHORT : Math.min(told, MAX_SHORT)
    return { aid: aid.slice(), maxCommandBytes, isLocked }
  } catch (error) {
    if (error instanceof GlobalPlatformError) return undefined
    throw error
  }
}

const DEFAULT_SELECTED = new Uint8Array(0)
const MAX_SHORT = 255
const SW_OK = 0x9000
const SW_LOCKED = 0x6283
