// What a line of the console asks for.

import { commandLine } from '../../../client/request.ts'
import { isComment } from '../../../client/script.ts'
import { tokensOf } from '../../../racs/grammar.ts'

export type Action =
  | { readonly kind: 'nothing' | 'end' | 'quit' }
  | { readonly kind: 'help'; readonly topic: string | undefined }
  | { readonly kind: 'use'; readonly seid: string | undefined }
  | { readonly kind: 'begin'; readonly id: string | undefined }
  /** A line of RACS. */
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'misuse'; readonly message: string }

/** @param seid  the element in use */
export function actionOf(text: string, seid: string | undefined): Action {
  const line = text.trim()
  const [first, ...parameters] = tokensOf(line)
  if (first === undefined || isComment(line)) return { kind: 'nothing' }
  const [parameter] = parameters
  switch (first.toLowerCase()) {
    case 'quit':
    case 'exit':
      return { kind: 'quit' }
    case 'help':
    case '?':
      return { kind: 'help', topic: parameter }
    case 'use':
      return parameters.length > 1 ? tooMany('use [SEID]') : { kind: 'use', seid: parameter }
    case 'begin':
      return parameters.length > 1 ? tooMany('begin [NAME]') : { kind: 'begin', id: parameter }
    case 'end':
      return parameters.length > 0 ? tooMany('end') : { kind: 'end' }
    default:
      return isApdu([first, ...parameters])
        ? apduOf([first, ...parameters].join(''), seid)
        : racsOf(line, first)
  }
}

/** True for a line that may stand in a file: no leading blank, and no APDU that carries a PIN or a key. */
export function isWorthKeeping(line: string): boolean {
  if (/^\s/.test(line)) return false
  const tokens = tokensOf(line)
  const texts = isApdu(tokens) ? [tokens.join('')] : tokens
  return !texts.some((text) => HEX_APDU.test(text) && SECRET_INS.has(Number.parseInt(text.slice(2, 4), 16)))
}

function racsOf(line: string, first: string): Action {
  return { kind: 'line', line: first.toUpperCase() + line.slice(first.length) }
}

function apduOf(hex: string, seid: string | undefined): Action {
  if (seid === undefined) return { kind: 'misuse', message: 'an APDU for which element? Say use SEID before' }
  return { kind: 'line', line: commandLine('APDU', seid, hex.toUpperCase()) }
}

function isApdu(tokens: readonly string[]): boolean {
  return tokens.every((token) => /^[0-9A-Fa-f]+$/.test(token)) && HEX_APDU.test(tokens.join(''))
}

function tooMany(usage: string): Action {
  return { kind: 'misuse', message: `too many words; usage: ${usage}` }
}

/** Whole bytes, a header at least. */
const HEX_APDU = /^([0-9A-Fa-f]{2}){4,}$/

/**
 * VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER and their odd variants (ISO/IEC 7816-4), PUT KEY (GlobalPlatform
 * Card Specification).
 */
const SECRET_INS: ReadonlySet<number> = new Set([0x20, 0x21, 0x24, 0x25, 0x2c, 0x2d, 0xd8])
