// What a refusal or a failure means for whoever administrates the element: cause, state, next step.

import { hexOfSw } from '../../../base/hex.ts'
import type { GlobalPlatformError } from '../../../globalplatform/errors.ts'
import { type Step } from '../../../globalplatform/errors.ts'
import { CliError, EXIT, type ExitCode } from '../command.ts'

export interface Explanation {
  readonly meaning: string
  readonly next: string
}

/** What the element means by this status word at this step. */
export function meaningOf(step: Step, sw: number): Explanation {
  const word = hexOfSw(sw)
  return BY_STEP[step]?.[word] ?? BY_WORD[word] ?? UNKNOWN
}

/**
 * What ends the command for this error.
 * @param state  of the element as far as it is known
 */
export function gpErrorOf(error: GlobalPlatformError, seid: string, state: string): CliError {
  const { code, message, refusal } = error
  const told = refusal?.sw === undefined ? undefined : meaningOf(refusal.step, refusal.sw)
  const cause = told === undefined ? message : `${message}: ${told.meaning}`
  const next = told?.next ?? (refusal === undefined ? NEXT[code] : NO_DOMAIN)
  return new CliError(EXIT_CODES[code], `${seid}: ${cause}\nState: ${state}\nNext: ${next}`)
}

const EXIT_CODES: Readonly<Record<GlobalPlatformError['code'], ExitCode>> = {
  'gp.unsupported': EXIT.refused,
  'gp.wrong-keys': EXIT.refused,
  'gp.refused': EXIT.refused,
  'gp.malformed': EXIT.failed,
  'gp.wrong-mac': EXIT.failed,
  'gp.session-over': EXIT.failed,
  'gp.request': EXIT.usage,
}

const NEXT: Readonly<Record<GlobalPlatformError['code'], string>> = {
  'gp.unsupported':
    'iose gp info shows what the element offers; --allow-scp02 and --level say what may be used.',
  'gp.wrong-keys':
    'find out whose keys it has, and whether they are diversified (--diversify), before another try: elements count them.',
  'gp.refused': 'iose gp info shows what the element is.',
  'gp.malformed':
    'reset the element and look with iose gp list; if it happens again, its answers are not those of the specification.',
  'gp.wrong-mac':
    'do not trust what it said; reset the element and look with iose gp list. Somebody may be in between.',
  'gp.session-over': 'start anew; iose gp list shows what is on the element.',
  'gp.request': 'iose gp --help.',
}

const NO_DOMAIN =
  '--isd AID, if you know its name; not every element has an issuer security domain that answers.'
const LIST = 'iose gp list shows what is on the element.'

const BY_STEP: Readonly<Partial<Record<Step, Readonly<Record<string, Explanation>>>>> = {
  'INITIALIZE UPDATE': {
    '6A88': {
      meaning: 'it has no key set of this version',
      next: 'iose gp info shows the versions; leave --key-version out.',
    },
    '6985': {
      meaning: 'its sequence counter is used up, or the key set is blocked',
      next: 'another key set, if it has one: iose gp info.',
    },
    '6982': {
      meaning: 'the key set is blocked, most likely',
      next: 'another key set, if it has one: iose gp info.',
    },
    '6983': {
      meaning: 'the key set is blocked: too many failed tries',
      next: 'another key set, if it has one; otherwise nobody can administrate this element any more.',
    },
  },
  'EXTERNAL AUTHENTICATE': {
    '6300': {
      meaning: 'it does not accept our cryptogram',
      next: 'one more try at most, and only when you know why: elements count them.',
    },
    '6982': {
      meaning: 'it does not accept our cryptogram, or not this level',
      next: 'one more try at most, and only when you know why: elements count them.',
    },
    '6985': { meaning: 'not now', next: 'see that nobody else uses the element; then one more try at most.' },
  },
  'INSTALL [for load]': {
    '6985': {
      meaning: 'a package with this AID is there already, most likely',
      next: `${LIST} iose gp delete AID --related makes room.`,
    },
    '6A80': {
      meaning: 'a package with this AID is there already, or it does not like the parameters',
      next: LIST,
    },
    '6A84': { meaning: 'there is not enough memory', next: `${LIST} iose gp delete makes room.` },
    '6A88': { meaning: 'it does not know the security domain', next: '--isd AID.' },
  },
  LOAD: {
    '6985': {
      meaning: 'it does not take this package: it imports what the element does not have, most likely',
      next: 'the imports that iose gp load --dry-run prints must be on the element, same major version and at least this minor one.',
    },
    '6A80': {
      meaning: 'it does not take this package: CAP version, imports or order of components',
      next: 'the imports that iose gp load --dry-run prints must be on the element.',
    },
    '6438': {
      meaning: 'it imports what the element does not have',
      next: 'the imports that iose gp load --dry-run prints must be on the element.',
    },
    '6A84': { meaning: 'there is not enough memory', next: `${LIST} iose gp delete makes room.` },
    '6982': {
      meaning: 'the secure channel is broken: a block was lost, or is too long for a reader on the way',
      next: 'again with --block-bytes 128.',
    },
    '6700': { meaning: 'the block is too long', next: 'again with --block-bytes 128.' },
    '6A86': { meaning: 'a block is missing', next: 'again from the beginning.' },
  },
  'INSTALL [for install]': {
    '6985': {
      meaning:
        'the application refused its parameters or lacks an algorithm, or another application is selected by default',
      next: `${LIST} Only one application can be selected by default.`,
    },
    '6A80': { meaning: 'the AID is in use already, or it does not like the parameters', next: LIST },
    '6A84': { meaning: 'there is not enough memory', next: `${LIST} iose gp delete makes room.` },
    '6A88': { meaning: 'the package or the module is not on the element', next: 'iose gp load first.' },
    '6A86': {
      meaning: 'it does not know this form of INSTALL, or the privileges',
      next: '--privileges, and the manual of the element.',
    },
    '6F00': {
      meaning: 'the constructor of the application threw an exception',
      next: 'the parameters that the application expects; its maker knows.',
    },
  },
  DELETE: {
    '6A88': { meaning: 'there is nothing with this AID', next: LIST },
    '6A82': { meaning: 'there is nothing with this AID', next: LIST },
    '6985': {
      meaning: 'it is in use: applications come from it, or other packages import it',
      next: '--related deletes the applications as well.',
    },
  },
  'PUT KEY': {
    '6A80': {
      meaning: 'it does not take these keys: kind or length, or the version is in use',
      next: 'a set cannot change its kind and length; --new-key-version another one.',
    },
    '6A88': {
      meaning: 'there is no set of the version that was to be replaced',
      next: 'iose gp info shows the versions.',
    },
    '6982': {
      meaning: 'the check values do not fit the keys it has decrypted',
      next: 'the DEK of --key-set is another one than that of the element, most likely.',
    },
    '6A84': {
      meaning: 'there is no room for another set',
      next: '--replace, when you have seen the new keys work elsewhere.',
    },
  },
}

const BY_WORD: Readonly<Record<string, Explanation>> = {
  '6982': {
    meaning: 'not authenticated, or the secure channel is broken',
    next: 'start anew; see that nobody else uses the element.',
  },
  '6988': {
    meaning: 'the MAC was wrong for it',
    next: 'start anew; --count-data-only if it happens each time.',
  },
  '6581': {
    meaning: 'its memory fails',
    next: 'the element is worn out or damaged; do not trust it with more.',
  },
  '6881': { meaning: 'it does not have this logical channel', next: LIST },
  '6D00': {
    meaning: 'it does not know this command',
    next: 'iose gp info: is it an issuer security domain that answers?',
  },
  '6E00': {
    meaning: 'it does not know this class',
    next: 'iose gp info: is it an issuer security domain that answers?',
  },
}

const UNKNOWN: Explanation = { meaning: 'refused', next: LIST }
