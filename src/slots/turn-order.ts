// Whose turn it is among all who wait for one slot. Pure.

/**
 * gateway: its own work on the element, first of all. operator: goes before `service`, as long as nobody of that has
 * waited for too long.
 */
export type Priority = 'gateway' | 'operator' | 'service'

/** What counts for one's place in the order. */
export interface Claim {
  readonly priority: Priority
  /** Where the client comes from: what one address asks for again and again, others get in between. */
  readonly address: string
  /** Since when it waits. */
  readonly since: number
}

/**
 * The one of `claims` who is next: the gateway; who has waited longest, once that is `AGE_LIMIT_MS`; operators in order
 * of arrival; whose address has had no turn for the longest time, and of one address who came first.
 * @param claims  in order of arrival
 * @param turnOf  number of the last turn of an address, growing; -1 for none
 */
export function nextOf<C extends Claim>(
  claims: readonly C[],
  now: number,
  turnOf: (address: string) => number,
): C | undefined {
  const own = claims.find(({ priority }) => priority === 'gateway')
  if (own !== undefined) return own
  const oldest = first(claims, ({ since }) => since)
  if (oldest !== undefined && now - oldest.since >= AGE_LIMIT_MS) return oldest
  const operator = claims.find(({ priority }) => priority === 'operator')
  return operator ?? first(claims, ({ address }) => turnOf(address))
}

/**
 * Who has to go when `newcomer` comes to a line that is full: the last of the address that has most in it, if that is
 * at least two more than the newcomer's address has; undefined: the newcomer.
 * @param claims  in order of arrival
 */
export function displacedBy<C extends Claim>(claims: readonly C[], newcomer: Claim): C | undefined {
  const service = claims.filter(({ priority }) => priority === 'service')
  const counts = new Map<string, number>()
  for (const { address } of service) counts.set(address, (counts.get(address) ?? 0) + 1)
  const [greediest, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0])
  if (most < (counts.get(newcomer.address) ?? 0) + 2) return undefined
  return service.findLast(({ address }) => address === greediest)
}

/** The last turns of as many addresses as fit; one that was forgotten counts as never served. */
export class Turns {
  readonly #turns = new Map<string, number>()
  #count = 0

  of(address: string): number {
    return this.#turns.get(address) ?? -1
  }

  /** The turn of `address` begins. */
  begin(address: string): void {
    this.#turns.delete(address)
    this.#turns.set(address, this.#count++)
    const [oldest] = this.#turns.keys()
    if (this.#turns.size > MAX_ADDRESSES && oldest !== undefined) this.#turns.delete(oldest)
  }
}

/** The first of those for which `measure` is least. */
function first<C>(claims: readonly C[], measure: (claim: C) => number): C | undefined {
  return claims.reduce<C | undefined>(
    (best, claim) => (best !== undefined && measure(best) <= measure(claim) ? best : claim),
    undefined,
  )
}

/** Half of what a client of the service plane waits by default. */
export const AGE_LIMIT_MS = 5_000
const MAX_ADDRESSES = 256
