// The answer to LIST: SEIDs between blanks, some of them compressed.

import { tokensOf } from '../racs/grammar.ts'
import { ClientError } from './errors.ts'

/** SEIDs that one answer may name, after expansion. */
export const MAX_SEIDS = 10_000

/**
 * The SEIDs that `text` names, in its order. `prefix[1;3;7]` and `prefix[1-4]` stand for several (draft-urien-core-racs,
 * LIST); the two may be mixed, and a number that starts with 0 keeps its width (assumed).
 * @throws ClientError client.protocol when there are more than MAX_SEIDS, or a compression makes no sense
 */
export function seidsOf(text: string): string[] {
  const seids: string[] = []
  for (const token of tokensOf(text)) {
    const [, prefix = '', numbers] = /^(.*)\[([\d;-]*)\]$/s.exec(token) ?? []
    const added = numbers === undefined ? [token] : expanded(prefix, numbers, MAX_SEIDS - seids.length)
    for (const seid of added) seids.push(seid)
    if (seids.length > MAX_SEIDS) throw tooMany()
  }
  return seids
}

function expanded(prefix: string, numbers: string, most: number): string[] {
  const seids: string[] = []
  for (const item of numbers.split(';')) {
    const [, from, to = from] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(item) ?? []
    if (from === undefined || to === undefined || Number(to) < Number(from)) {
      throw new ClientError('client.protocol', 'LIST: numbers in brackets make no sense')
    }
    const [first, last] = [Number(from), Number(to)]
    if (last - first + 1 > most - seids.length) throw tooMany()
    const width = from.startsWith('0') ? from.length : 0
    for (let n = first; n <= last; n++) seids.push(prefix + String(n).padStart(width, '0'))
  }
  return seids
}

function tooMany(): ClientError {
  return new ClientError('client.protocol', `LIST: more than ${MAX_SEIDS} SEIDs`)
}
