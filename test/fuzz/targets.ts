import { apduCommand } from './apdu-command.ts'
import { apduResponseFollowUp } from './apdu-response-follow-up.ts'
import { atr } from './atr.ts'
import { clientHello } from './client-hello.ts'
import type { FuzzTarget } from './target.ts'
import { tlsRecord } from './tls-record.ts'

/** Every fuzz target, in the order in which they run. */
export const targets: readonly FuzzTarget[] = [apduCommand, apduResponseFollowUp, atr, tlsRecord, clientHello]
