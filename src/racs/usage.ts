// What parameters each command takes.

import type { CommandName } from './dialect.ts'

/** How many parameters each takes, least and most. */
export const PARAMETERS: Readonly<Record<Exclude<CommandName, 'BEGIN'>, readonly [number, number]>> = {
  'GET-VERSION': [0, 0],
  'SET-VERSION': [1, 1],
  LIST: [0, 0],
  RESET: [1, 2],
  APDU: [2, 5],
  SHUTDOWN: [1, 1],
  POWERON: [1, 1],
  ECHO: [1, 1],
  SEN: [1, 3],
  'GET-SEN': [1, 1],
  QUIT: [0, 0],
  XEND: [0, 0],
  QUARANTINE: [2, 2],
  TRIES: [1, 2],
}

/** What is said to whoever gets that wrong. */
export const USAGE: Readonly<Record<Exclude<CommandName, 'BEGIN'>, string>> = {
  'GET-VERSION': 'usage: GET-VERSION',
  'SET-VERSION': 'usage: SET-VERSION version',
  LIST: 'usage: LIST',
  RESET: 'usage: RESET seid [WARM]',
  APDU: 'usage: APDU seid hex [CONTINUE=sw] [MORE=sw1] [FETCH=header]',
  SHUTDOWN: 'usage: SHUTDOWN seid',
  POWERON: 'usage: POWERON seid',
  ECHO: 'usage: ECHO token',
  SEN: 'usage: SEN seid [name [aid]]',
  'GET-SEN': 'usage: GET-SEN seid',
  QUIT: 'usage: QUIT',
  XEND: 'usage: XEND',
  QUARANTINE: 'usage: QUARANTINE seid ON|OFF',
  TRIES: 'usage: TRIES seid [CLEAR]',
}
