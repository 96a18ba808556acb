// What is asked of the administration plane and what it must answer, byte for byte, so that an echo can play it.

/** Both have the same length for every element. */
export interface Exchange {
  readonly request: string
  readonly answer: string
}

/** PEM texts of one side. */
export interface Credentials {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** One for each element, in order of arrival. */
export const SEIDS = Array.from({ length: 1_000 }, (_, index) => `sim${String(index + 1).padStart(4, '0')}`)

/** The data that the elements answer whatever they are asked, with 9000. */
export const DATA = new Uint8Array(16).fill(0x5a)

/** Opens an element: the firewall lets nothing pass before. */
export function selectOf(seid: string): Exchange {
  return apduExchangeOf(seid, '00A4040000')
}

/** One APDU that has an answer. */
export function apduOf(seid: string): Exchange {
  return apduExchangeOf(seid, '80CA000010')
}

/** `count` exchanges, sent and answered as one. */
export function pipelined({ request, answer }: Exchange, count: number): Exchange {
  return { request: request.repeat(count), answer: answer.repeat(count) }
}

/** For a user who may use all elements, by whatever rule. */
export const LIST: Exchange = { request: lines('LIST'), answer: lines(`+004 001 ${SEIDS.join(' ')}`) }

function apduExchangeOf(seid: string, hex: string): Exchange {
  const data = Buffer.from(DATA).toString('hex').toUpperCase()
  return { request: lines(`APDU ${seid} ${hex}`), answer: lines(`+006 001 ${data}9000`) }
}

/** A request or an answer of one line. */
export function lines(line: string): string {
  return `BEGIN\r\n${line}\r\nEND\r\n`
}
