// Values that more than one kind of file holds.

import * as v from 'valibot'

export interface Endpoint {
  /** A name or an address; an IPv6 one without its brackets. */
  readonly host: string
  readonly port: number
}

export const text = v.pipe(
  v.string(),
  v.check((value) => value !== '', 'a text that is not empty'),
)

/** A whole number, `fallback` when there is none. */
export const count = (fallback: number, least: number, most: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most)), fallback)

/** Without a blank, so that it can stand in a line of RACS. */
export const printable = (mostBytes: number) =>
  v.pipe(
    v.string(),
    v.regex(
      new RegExp(`^[\\x21-\\x7E]{1,${mostBytes}}$`),
      `1 to ${mostBytes} printable ASCII characters, no blank`,
    ),
  )

export const endpoint = v.pipe(
  v.string(),
  v.regex(/^(\[[0-9A-Fa-f:.]+\]|[^:\s[\]]+):\d{1,5}$/, 'an address of the form host:port or [v6]:port'),
  v.check((address) => partsOf(address).port <= 65_535, 'a port from 0 to 65535'),
  v.transform(partsOf),
)

/** What `address` means, or undefined when it has not the form host:port or [v6]:port. */
export function endpointOf(address: string): Endpoint | undefined {
  const checked = v.safeParse(endpoint, address)
  return checked.success ? checked.output : undefined
}

function partsOf(address: string): Endpoint {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) }
}
