// What happens in one part of the gateway, told to others that it does not know.

/** Tells every listener what is published, in the order of subscription, before `publish` returns. */
export class Events<Event> {
  readonly #listeners = new Set<(event: Event) => void>()

  publish(event: Event): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** @param listener  must not throw; is told until the subscription is disposed of */
  subscribe(listener: (event: Event) => void): Disposable {
    // A wrapper of its own, so that who subscribes the same function twice is told twice.
    const own = (event: Event): void => listener(event)
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => this.#listeners.delete(own) }
  }
}
