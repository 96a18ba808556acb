import { apduCommand } from './apdu-command.ts'
import { apduResponseFollowUp } from './apdu-response-follow-up.ts'
import { atr } from './atr.ts'
import { capFile } from './cap-file.ts'
import { clientHello } from './client-hello.ts'
import { firewall } from './firewall.ts'
import { gpCardData, gpRegistry, gpTlv } from './gp-answers.ts'
import { racsApduLine } from './racs-apdu-line.ts'
import { racsGrammar } from './racs-grammar.ts'
import { racsQuery } from './racs-query.ts'
import { racsResponse } from './racs-response.ts'
import { racsUri } from './racs-uri.ts'
import { slotsModel } from './slots-model.ts'
import { t0Machine } from './t0-machine.ts'
import { t1Machine } from './t1-machine.ts'
import type { FuzzTarget } from './target.ts'
import { tlsRecord } from './tls-record.ts'
import { tries } from './tries.ts'
import { usersFile } from './users-file.ts'
import { wireCard } from './wire-card.ts'
import { wireModel } from './wire-model.ts'

/** Every fuzz target, in the order in which they run. */
export const targets: readonly FuzzTarget[] = [
  ...[apduCommand, apduResponseFollowUp, atr, tlsRecord, clientHello],
  ...[racsGrammar, racsApduLine, racsQuery, racsResponse, racsUri],
  ...[usersFile, firewall, tries, capFile, gpTlv, gpRegistry, gpCardData],
  ...[wireCard, t0Machine, t1Machine, wireModel, slotsModel],
]
