// Several who are interested in what clients do, as one.

import type { PlaneObserver } from '../../base/plane-events.ts'

/** Tells all, waits for all, and asks all; one that cannot keep what happens speaks for all. */
export function observersOf(...observers: readonly PlaneObserver[]): PlaneObserver {
  return {
    async tell(event) {
      const kept = await Promise.allSettled(observers.map((observer) => observer.tell(event)))
      const lost = kept.find((outcome) => outcome.status === 'rejected')
      if (lost !== undefined) throw lost.reason as Error
    },
    check: () => observers.forEach((observer) => observer.check()),
  }
}
