// What a refusal or a fault means for its user, what to do next, and which exit code it is.

import type { ClientError } from '../../../client/errors.ts'
import { messageText } from '../../../client/printable.ts'
import type { StatusLine } from '../../../racs/grammar.ts'
import { CliError, EXIT, type ExitCode } from '../command.ts'

/** Which exit code an answer with this last status is. */
export function exitCodeOf({ sign, code }: StatusLine): ExitCode {
  if (sign === '+') return EXIT.done
  return code.startsWith('8') || code.startsWith('9') ? EXIT.failed : EXIT.refused
}

/**
 * Cause, holder and next step of a `-` status, in two lines.
 * @param where  what was refused, for instance `line 2`
 * @param line   what was sent; of it only the name of the element may be shown
 */
export function refusalOf(status: StatusLine, where: string, line = ''): string {
  const special = TOO_MANY_TRIES.pattern.test(status.text) ? TOO_MANY_TRIES : CODES[status.code]
  const { meaning, next } = special ?? CLASSES[status.code.charAt(0)] ?? UNKNOWN
  const [, seid] = line.split(' ').filter((token) => token !== '')
  const said = messageText(status.text, seid)
  return `${where} refused: ${meaning} (-${status.code})${said === '' ? '' : `: ${said}`}\nNext: ${next}`
}

/**
 * What ends the command for this error.
 * @param gateway  `host:port`
 */
export function cliErrorOf(error: ClientError, gateway: string): CliError {
  const { status, code, message } = error
  switch (code) {
    case 'client.request':
      return new CliError(EXIT.usage, message)
    case 'client.refused': {
      const [what = ''] = message.split(' refused: ')
      const told = status === undefined ? message : refusalOf(status, what)
      return new CliError(status === undefined ? EXIT.refused : exitCodeOf(status), told)
    }
    case 'client.transport':
    case 'client.protocol':
    case 'client.timeout':
      return new CliError(EXIT.failed, `${gateway}: ${message}\nNext: ${NEXT[code]}`)
    case 'client.reader':
      return new CliError(EXIT.failed, `${message}\nNext: ${NEXT[code]}`)
    default:
      return code satisfies never
  }
}

/** As `cliErrorOf`, when no connection came about: credentials that cannot be used are the configuration's fault. */
export function connectErrorOf(error: ClientError, gateway: string): CliError {
  if (error.code === 'client.request') return new CliError(EXIT.configuration, error.message)
  return cliErrorOf(error, gateway)
}

const NEXT = {
  'client.transport':
    'check --gateway, --ca and --servername, that the gateway runs, and in its log what it thinks of your certificate.',
  'client.protocol': 'check that RACS is what listens there; the session was ended.',
  'client.reader':
    'apt-get install vsmartcard-vpcd, systemctl start pcscd; --vpcd if its readers, two by default, are elsewhere.',
  'client.timeout':
    'a longer --timeout; an element that computes, or one that is gone, keeps a gateway waiting.',
} as const

const LIST_NEXT = 'iose racs list shows the elements that you may use.'

/** By the first digit of the code (draft-urien-core-racs, status codes). */
const CLASSES: Readonly<Record<string, { meaning: string; next: string }>> = {
  0: { meaning: 'carried out, but failed', next: 'the status word was not the one that CONTINUE demands.' },
  1: {
    meaning: 'unknown command',
    next: 'look at its spelling; help in iose racs console names the commands.',
  },
  2: { meaning: 'not implemented', next: 'this gateway does not have that command.' },
  3: { meaning: 'not allowed at this place', next: 'look at BEGIN, END and the lines between them.' },
  4: { meaning: 'a parameter that is not accepted', next: LIST_NEXT },
  5: {
    meaning: 'a parameter is missing or malformed',
    next: 'help in iose racs console shows the parameters.',
  },
  6: { meaning: 'not authorised', next: `${LIST_NEXT} Rights are given in users.toml of the gateway.` },
  7: {
    meaning: 'in use, or not powered on',
    next: 'wait until its holder ends the session, or POWERON it first if it is nobody else.',
  },
  8: { meaning: 'the element failed', next: 'POWERON it again; if that fails look at the element itself.' },
  9: { meaning: 'the gateway failed', next: 'its log says why.' },
}

/** Where a single code says more than its class. */
const CODES: Readonly<Record<string, { meaning: string; next: string }>> = {
  600: {
    meaning: 'the gateway does not accept the certificate',
    next: 'ask whoever runs the gateway for a new one: iose pki client NAME makes it.',
  },
}

/** The guard of our gateway speaks under the code of whatever is not allowed. */
const TOO_MANY_TRIES = {
  pattern: /\bTRIES \S+ CLEAR\b/,
  meaning: 'the gateway lets nobody try again',
  next: 'find out what was wrong first; then, as an operator, iose racs tries SEID --clear.',
}

const UNKNOWN = { meaning: 'refused', next: LIST_NEXT }
