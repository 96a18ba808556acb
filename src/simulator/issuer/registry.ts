// What is on the card: packages, applications, and which of these is selected when nothing else is.

import type { Application } from '../application.ts'

export interface CardPackage {
  readonly aid: Uint8Array
  readonly major: number
  readonly minor: number
  /** AIDs of the applications that can be installed from it. */
  readonly modules: readonly Uint8Array[]
  /** Memory that it takes. */
  readonly bytes: number
}

export interface CardInstance {
  readonly aid: Uint8Array
  readonly package: CardPackage
  readonly privileges: Uint8Array
  readonly application: Application
}

export class Registry {
  readonly #memoryBytes: number
  readonly #packages: CardPackage[] = []
  readonly #instances: CardInstance[] = []

  constructor(memoryBytes: number) {
    this.#memoryBytes = memoryBytes
  }

  get packages(): readonly CardPackage[] {
    return this.#packages
  }

  get instances(): readonly CardInstance[] {
    return this.#instances
  }

  get freeBytes(): number {
    const used = this.#packages.reduce((sum, { bytes }) => sum + bytes, 0)
    return this.#memoryBytes - used - this.#instances.length * INSTANCE_BYTES
  }

  /** The application that a reset selects, and a SELECT without a name; none: it is the issuer domain. */
  get defaultSelected(): CardInstance | undefined {
    return this.#instances.find(isDefault)
  }

  packageOf(aid: Uint8Array): CardPackage | undefined {
    return this.#packages.find((known) => isSame(known.aid, aid))
  }

  instanceOf(aid: Uint8Array): CardInstance | undefined {
    return this.#instances.find((known) => isSame(known.aid, aid))
  }

  /** Whether something has this AID, package or application. */
  has(aid: Uint8Array): boolean {
    return this.packageOf(aid) !== undefined || this.instanceOf(aid) !== undefined
  }

  load(loaded: CardPackage): void {
    this.#packages.push(loaded)
  }

  install(instance: CardInstance): void {
    this.#instances.push(instance)
  }

  instancesFrom(source: CardPackage): CardInstance[] {
    return this.#instances.filter((instance) => instance.package === source)
  }

  delete(what: CardPackage | CardInstance): void {
    remove(this.#packages, what)
    remove(this.#instances, what)
  }
}

export function isDefault({ privileges }: CardInstance): boolean {
  return ((privileges[0] ?? 0) & DEFAULT_SELECTED) !== 0
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** ISO/IEC 7816-4, 12.2.3. */
export function isAid(aid: Uint8Array): boolean {
  return aid.length >= 5 && aid.length <= 16
}

function remove(list: unknown[], item: unknown): void {
  const index = list.indexOf(item)
  if (index >= 0) list.splice(index, 1)
}

/** Privilege "card reset", which is that of being selected by default. */
export const DEFAULT_SELECTED = 0x04
/** What an application takes besides its package: assumed. */
export const INSTANCE_BYTES = 4_096
