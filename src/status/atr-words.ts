// What an ATR says, in words for people.

import { type Atr, parseAtr } from '../apdu/atr.ts'
import { type HistoricalBytes, historicalBytesOf } from '../apdu/historical-bytes.ts'
import { messageOf } from '../base/errors.ts'
import { bytesOfHex, hexOf } from '../base/hex.ts'

/** One property: what it is called, and what it is. */
export type Property = readonly [name: string, value: string]

/** @param atr  hex digits, empty: none is known; what cannot be read is said so */
export function wordsOfAtr(atr: string): Property[] {
  if (atr === '') return []
  const bytes = bytesOfHex(atr)
  if (bytes === undefined) return [['ATR', 'not hex digits']]
  try {
    return wordsOf(parseAtr(bytes))
  } catch (error) {
    return [['not well-formed', messageOf(error)]]
  }
}

function wordsOf(atr: Atr): Property[] {
  const { convention, protocols, fi, di, t1, specificMode, supply, historicalBytes } = atr
  const words: Property[] = [
    ['protocols', protocols.map((protocol) => `T=${protocol}`).join(', ')],
    ['convention', convention],
  ]
  if (specificMode !== undefined) words.push(['speaks at once', `T=${specificMode.protocol}`])
  if (fi !== undefined && di !== undefined) words.push(['cycles a bit', `${fi / di} (F ${fi}, D ${di})`])
  if (t1 !== undefined) {
    words.push(['T=1', `blocks of ${t1.ifsc ?? '?'} bytes, ${t1.edc.toUpperCase()}`])
  }
  words.push(['supply', supply.classes.map((name) => VOLTS[name]).join(', ') || 'not said'])
  if (historicalBytes.length === 0) return [...words, ['historical bytes', 'none']]
  words.push(['historical bytes', hexOf(historicalBytes)], ['as text', textOf(historicalBytes)])
  return [...words, ...codedWords(historicalBytesOf(historicalBytes))]
}

function codedWords({ capabilities, service, status }: HistoricalBytes): Property[] {
  const words: Property[] = []
  if (service !== undefined) {
    const ways = [service.selectsByFullName && 'full name', service.selectsByPartialName && 'partial name']
    words.push(['selects by', ways.filter((way) => way !== false).join(', ') || 'neither name'])
  }
  if (capabilities !== undefined) {
    const { hasCommandChaining, hasExtendedLength, maxChannels } = capabilities
    const able = [hasCommandChaining && 'command chaining', hasExtendedLength && 'extended length']
    const channels = maxChannels > 1 && `${maxChannels} logical channels`
    words.push(['capabilities', [...able, channels].filter((one) => one !== false).join(', ') || 'none'])
  }
  if (status?.lifeCycle !== undefined) words.push(['life cycle', hexOf(Uint8Array.of(status.lifeCycle))])
  return words
}

/** A dot for what is no printable ASCII. */
function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
}

const VOLTS = { A: '5 V', B: '3 V', C: '1.8 V' } as const
