// Round trips again and again, on several lanes at the same time.

export interface Stretch {
  /** Round trips of each lane that do not count. */
  readonly warmUp: number
  readonly seconds: number
}

/** What all lanes did together. */
export interface WireTurn {
  /** Round trips a second, of each lane from the end of its first to the end of its last: no start, no tail. */
  readonly rate: number
  readonly roundTripsUs: readonly number[]
}

/** @param trips  one for each lane */
export async function drive(
  trips: readonly (() => Promise<void>)[],
  { warmUp, seconds }: Stretch,
): Promise<WireTurn> {
  await Promise.all(trips.map((trip) => repeat(trip, warmUp)))
  const endsAt = performance.now() + 1000 * seconds
  let unfinished = trips.length
  const lanes = await Promise.all(
    trips.map(async (trip) => {
      const roundTripsUs = await roundTripsUntil(endsAt, trip)
      unfinished--
      // Without its company the last lane would be faster.
      while (unfinished > 0) await trip()
      return roundTripsUs
    }),
  )
  return {
    rate: lanes.map(rateOf).reduce((sum, rate) => sum + rate, 0),
    roundTripsUs: lanes.flat(),
  }
}

async function repeat(trip: () => Promise<void>, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await trip()
}

/** One begins when the one before has ended. */
async function roundTripsUntil(endsAt: number, trip: () => Promise<void>): Promise<number[]> {
  const roundTripsUs: number[] = []
  let startedAt = performance.now()
  while (startedAt < endsAt || roundTripsUs.length < 2) {
    await trip()
    const endedAt = performance.now()
    roundTripsUs.push(1000 * (endedAt - startedAt))
    startedAt = endedAt
  }
  return roundTripsUs
}

function rateOf([, ...others]: readonly number[]): number {
  return (1e6 * others.length) / others.reduce((sum, us) => sum + us, 0)
}
