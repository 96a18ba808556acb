// How many clients a plane takes in at once, in all and from one address.

export interface AdmissionLimits {
  /** Clients at once, in whatever state. */
  readonly maxConnections: number
  /** Clients at once from one IPv4 address or one IPv6 /64 network. */
  readonly maxConnectionsPerAddress: number
}

export class Admission {
  readonly #limits: AdmissionLimits
  readonly #perNetwork = new Map<string, number>()
  #total = 0

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
  }

  /** Why nobody more may come from `address` now, or undefined. */
  refusalOf(address: string): string | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits
    if (this.#total >= maxConnections) return `${maxConnections} clients are connected already`
    const fromThere = this.#perNetwork.get(networkOf(address)) ?? 0
    if (fromThere < maxConnectionsPerAddress) return undefined
    return `${fromThere} clients from this address are connected already`
  }

  /** Counts a client from `address` until the returned function is called, once. */
  enter(address: string): () => void {
    const network = networkOf(address)
    this.#total++
    this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 0) + 1)
    return () => {
      this.#total--
      const left = (this.#perNetwork.get(network) ?? 1) - 1
      if (left === 0) this.#perNetwork.delete(network)
      else this.#perNetwork.set(network, left)
    }
  }
}

/** What counts as one client address: an IPv4 address, or the /64 network of an IPv6 one. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice('::ffff:'.length)
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  while (tail !== undefined && groups.length + behind.length < 8) groups.push('0')
  return [...groups, ...behind].slice(0, 4).join(':')
}
