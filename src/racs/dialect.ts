// The two dialects of RACS, each as one table: which code answers what, and the few rules in which they differ.
//
// draft:     draft-urien-core-racs. A code is event class and command number; what the draft leaves open is ours.
// reference: the answers of the IoSE server that its author publishes, as recorded; its clients depend on them.

/** The commands of both. */
export type CommandName =
  | 'BEGIN'
  | 'GET-VERSION'
  | 'SET-VERSION'
  | 'LIST'
  | 'RESET'
  | 'APDU'
  | 'SHUTDOWN'
  | 'POWERON'
  | 'ECHO'
  | 'SEN'
  | 'GET-SEN'
  | 'QUARANTINE'
  | 'TRIES'
  | 'QUIT'
  | 'XEND'

/** Why a request ended: what `failureOf` in status.ts makes of an error. */
export type Cause =
  | 'not-begun'
  | 'begun-twice'
  | 'bad-name'
  | 'unknown-command'
  | 'syntax'
  | 'bad-value'
  | 'unauthorized'
  | 'filtered'
  | 'in-use'
  | 'not-held'
  | 'wrong-status'
  | 'nameless'
  | 'overflow'
  | 'response-full'
  | 'link'
  | 'element'
  | 'system'

/** Three digits, `yz` standing for the number of the command. */
type Code = string

export interface Dialect {
  /** The one version it speaks. */
  readonly version: string
  /** The digits y and z. */
  readonly numbers: Readonly<Record<CommandName, string>>
  readonly codes: Readonly<Record<Cause, Code>>
  /** Where one command does not follow `codes`. */
  readonly exceptions: Readonly<Partial<Record<CommandName, Readonly<Partial<Record<Cause, Code>>>>>>
  /** What ends the connection after its response. */
  readonly fatal: ReadonlySet<Cause>
  /** at-end: with the response, at END; at-once: and what follows up to END is dropped unanswered. */
  readonly answersErrors: 'at-end' | 'at-once'
  /** Whether the lines kept by APPEND survive an error. */
  readonly keepsAppended: boolean
  /** use: RESET and APDU take a free element; poweron: only POWERON does. */
  readonly locksOn: 'use' | 'poweron'
  /** lenient: what cannot be understood is left out, byte by byte and option by option, as the reference does. */
  readonly parsing: 'strict' | 'lenient'
  /** What an empty line does. */
  readonly emptyLine: 'ignored' | 'closes'
  /** What stands behind the last SEID of LIST. */
  readonly listTail: '' | ' '
  /** What stands behind a BEGIN without a name. */
  readonly nameSeparator: '' | ' '
  /** Longest answer to one APDU, in data bytes. */
  readonly maxAnswerBytes: number
  /** Longest response, in characters; BEGIN and END not counted, nor the line about an error. */
  readonly maxResponseBytes: number
  /** Longest name that SEN takes. */
  readonly maxSenBytes: number
}

export type DialectName = 'draft' | 'reference'

const NUMBERS: Dialect['numbers'] = {
  BEGIN: '01',
  'GET-VERSION': '02',
  'SET-VERSION': '03',
  LIST: '04',
  RESET: '05',
  APDU: '06',
  SHUTDOWN: '07',
  POWERON: '08',
  ECHO: '09',
  SEN: '10',
  'GET-SEN': '11',
  QUIT: '12',
  XEND: '12',
  // Ours: neither the draft nor the reference knows them.
  QUARANTINE: '13',
  TRIES: '14',
}

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  draft: {
    version: '1.0',
    numbers: NUMBERS,
    codes: {
      'not-begun': '300',
      'begun-twice': '301',
      'bad-name': '301',
      'unknown-command': '100',
      syntax: '5yz',
      'bad-value': '4yz',
      unauthorized: '6yz',
      filtered: '6yz',
      'in-use': '7yz',
      'not-held': '3yz',
      'wrong-status': '0yz',
      nameless: '9yz',
      overflow: '9yz',
      'response-full': '9yz',
      link: '8yz',
      element: '9yz',
      system: '9yz',
    },
    exceptions: {},
    fatal: new Set(),
    answersErrors: 'at-end',
    keepsAppended: true,
    locksOn: 'use',
    parsing: 'strict',
    emptyLine: 'ignored',
    nameSeparator: '',
    listTail: '',
    maxAnswerBytes: 65_536,
    maxResponseBytes: 1_048_576,
    maxSenBytes: 255,
  },
  reference: {
    version: '0.3',
    numbers: { ...NUMBERS, 'SET-VERSION': '02' },
    codes: {
      'not-begun': '300',
      'begun-twice': '301',
      'bad-name': '302',
      'unknown-command': '900',
      syntax: '5yz',
      'bad-value': '4yz',
      unauthorized: '4yz',
      filtered: '7yz',
      'in-use': '7yz',
      'not-held': '7yz',
      'wrong-status': '0yz',
      nameless: '9yz',
      overflow: '7yz',
      'response-full': '001',
      link: '9yz',
      element: '9yz',
      system: '9yz',
    },
    exceptions: {
      APDU: { link: '806', element: '806' },
      SEN: { 'bad-value': '910' },
      'GET-SEN': { unauthorized: '511' },
    },
    fatal: new Set(['not-begun', 'begun-twice', 'bad-name', 'unknown-command', 'overflow']),
    answersErrors: 'at-once',
    keepsAppended: false,
    locksOn: 'poweron',
    parsing: 'lenient',
    emptyLine: 'closes',
    nameSeparator: ' ',
    listTail: ' ',
    // Its own limit lies a little lower and depends on what else the response holds.
    maxAnswerBytes: 3_838,
    maxResponseBytes: 8_192,
    maxSenBytes: 15,
  },
}

/** The command that `token` names: upper case only. */
export function commandNameOf(token: string): CommandName | undefined {
  return Object.hasOwn(NUMBERS, token) ? (token as CommandName) : undefined
}

/** Three digits. A line that names no command has the number 00. */
export function errorCode(dialect: Dialect, cause: Cause, command: CommandName | undefined): string {
  const exception = command === undefined ? undefined : dialect.exceptions[command]?.[cause]
  const code = exception ?? dialect.codes[cause]
  return code.replace('yz', command === undefined ? '00' : dialect.numbers[command])
}
