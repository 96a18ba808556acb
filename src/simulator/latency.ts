// How long a real card computes, per kind of work. Figures in milliseconds, from the configuration contract:
// `p71` is a present-day secure element, `javacard-2020` the slow end of what TLS-SE was published for.

/** The kinds of work that take a card noticeable time; `other` takes none. */
export type LatencyStep =
  | 'reset'
  | 'clientHello'
  | 'encryptedExtensions'
  | 'serverFinished'
  | 'clientFinished'
  | 'applicationRecord'
  | 'other'

/** Milliseconds for each step. */
export type LatencyProfile = Readonly<Record<LatencyStep, number>>

export type LatencyName = 'none' | 'p71' | 'javacard-2020'

export const LATENCY_PROFILES: Readonly<Record<LatencyName, LatencyProfile>> = {
  none: {
    reset: 0,
    clientHello: 0,
    encryptedExtensions: 0,
    serverFinished: 0,
    clientFinished: 0,
    applicationRecord: 0,
    other: 0,
  },
  p71: {
    reset: 20,
    clientHello: 250,
    encryptedExtensions: 40,
    serverFinished: 60,
    clientFinished: 60,
    applicationRecord: 15,
    other: 0,
  },
  'javacard-2020': {
    reset: 74,
    clientHello: 925,
    encryptedExtensions: 148,
    serverFinished: 222,
    clientFinished: 222,
    applicationRecord: 56,
    other: 0,
  },
}
