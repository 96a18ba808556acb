import { type FailureStore, MemoryFailures } from '../../src/access/failures.ts'
import { Guard } from '../../src/racs/guard.ts'
import { RecordedLog } from './recorded-log.ts'

/** A guard with the limits of the default configuration. */
export function guardOf(store: FailureStore = new MemoryFailures(), log = new RecordedLog()): Guard {
  return new Guard({ limits: { authentication: 3, verification: 2 }, store, log })
}
