// The three names of a secure element, as types that cannot be mixed up.

declare const brand: unique symbol

/** Position in this gateway's inventory, 1 for the first element that ever arrived. For people and logs. */
export type SlotId = number & { readonly [brand]: 'SlotId' }

/** SEID: the identifier by which the administration plane addresses an element, unique on this gateway. */
export type Seid = string & { readonly [brand]: 'Seid' }

/**
 * SEN: the name by which the service plane routes, one char code per byte (latin1), so that comparing strings
 * compares bytes. Nothing is normalised: case, trailing dots and non-ASCII bytes all count.
 */
export type Sen = string & { readonly [brand]: 'Sen' }

/** The SEID spelled by `text`, or undefined unless it is 1 to 63 printable ASCII characters without blanks. */
export function seidOf(text: string): Seid | undefined {
  return /^[\x21-\x7E]{1,63}$/.test(text) ? (text as Seid) : undefined
}

/** The SEN spelled by `bytes` (historical bytes, or a host_name of server_name); undefined when empty. */
export function senOfBytes(bytes: Uint8Array): Sen | undefined {
  if (bytes.length === 0) return undefined
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as Sen
}
