// The `[[pools]]` tables: names that lead to one of several elements.

import { ConfigError } from './errors.ts'

export interface PoolConfig {
  readonly sen: string
  /** SEIDs and SENs of elements that may be there or come later. */
  readonly members: readonly string[]
}

/** @throws ConfigError config.invalid for two pools of one name, or a pool that names a member twice */
export function checkPools(pools: readonly PoolConfig[], file: string): void {
  checkOnce(
    pools.map(({ sen }) => sen),
    (index) => `${file}: pools[${index}].sen`,
  )
  pools.forEach(({ members }, pool) => {
    checkOnce(members, (index) => `${file}: pools[${pool}].members[${index}]`)
  })
}

function checkOnce(names: readonly string[], placeOf: (index: number) => string): void {
  const seen = new Map<string, number>()
  names.forEach((name, index) => {
    const first = seen.get(name)
    if (first !== undefined) {
      throw new ConfigError('config.invalid', `${placeOf(index)}: '${name}' twice, also in ${placeOf(first)}`)
    }
    seen.set(name, index)
  })
}
