// Status words by name: the two last bytes of every response, SW1 SW2, as one number.

/** Status words that the gateway compares with (ISO/IEC 7816-4, status bytes). */
export const StatusWord = {
  ok: 0x9000,
} as const

/** SW1 = 61: SW2 more bytes wait for a GET RESPONSE, 00 meaning 256 or more. */
export const SW1_MORE = 0x61

/** SW1 = 9F: the same as 61 in the words of SIMs (class A0) and of TLS-SE. */
export const SW1_MORE_SIM = 0x9f

/** SW1 = 6C: nothing was done because Le was wrong; SW2 is the right one. */
export const SW1_WRONG_LE = 0x6c

/** Bytes of a status word. */
export const STATUS_WORD_BYTES = 2

/** The status word that ends `response`, or undefined when it is too short to have one. */
export function statusWordOf(response: Uint8Array): number | undefined {
  const sw1 = response.at(-2)
  const sw2 = response.at(-1)
  return sw1 === undefined || sw2 === undefined ? undefined : (sw1 << 8) | sw2
}

/**
 * True when `sw` says that the command was carried out as asked: 9000, or 61xx with data still to fetch.
 * Warnings (62xx, 63xx) are not counted: 63Cx also reports a wrong PIN.
 */
export function isSuccess(sw: number): boolean {
  return sw === StatusWord.ok || sw >> 8 === SW1_MORE
}
