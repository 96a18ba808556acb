// The commands of the console: those of RACS, and its own.

interface ConsoleCommand {
  readonly usage: string
  readonly text: string
  readonly isOwn?: true
}

/** What `help` prints; with a command, about that one. Undefined when there is no such command. */
export function consoleHelp(name: string | undefined): string | undefined {
  if (name === undefined) return OVERVIEW
  const command = Object.hasOwn(COMMANDS, name.toUpperCase()) ? COMMANDS[name.toUpperCase()] : undefined
  return command === undefined ? undefined : `${command.usage}\n  ${command.text}\n`
}

/**
 * What TAB offers: commands at the start of a line, SEIDs and command names behind them.
 * @returns candidates, and the part of `line` that they complete
 */
export function completionsOf(line: string, seids: readonly string[]): [candidates: string[], part: string] {
  const words = line.trimStart().split(' ')
  const part = words.at(-1) ?? ''
  const [first = ''] = words
  if (words.length > 1) {
    const pool = /^(help|\?)$/i.test(first) ? NAMES : seids
    return [pool.filter((word) => word.toLowerCase().startsWith(part.toLowerCase())), part]
  }
  const candidates = NAMES.filter((name) => name.toLowerCase().startsWith(part.toLowerCase()))
  return [candidates.map((name) => `${name} `), part]
}

const COMMANDS: Readonly<Record<string, ConsoleCommand>> = {
  LIST: { usage: 'LIST', text: 'The SEIDs of the elements that you may use.' },
  POWERON: {
    usage: 'POWERON SEID',
    text: 'Powers an element on and leases it until SHUTDOWN or the end of the session.',
  },
  SHUTDOWN: {
    usage: 'SHUTDOWN SEID',
    text: 'Powers an element off and ends its lease; for operators that of others, too.',
  },
  QUARANTINE: {
    usage: 'QUARANTINE SEID ON|OFF',
    text: 'Sets an element aside, for nobody to use, or ends that. For operators.',
  },
  TRIES: {
    usage: 'TRIES SEID [CLEAR]',
    text: 'How many keys and PINs in a row were wrong, and how many may be. CLEAR, for operators, forgets them.',
  },
  RESET: { usage: 'RESET SEID [WARM]', text: 'Resets an element, cold unless WARM.' },
  APDU: {
    usage: 'APDU SEID HEX [CONTINUE=SW] [MORE=SW1] [FETCH=HEX]',
    text: 'Sends an APDU. CONTINUE: the status word it must end with; MORE: fetch while it starts so, with FETCH.',
  },
  SEN: {
    usage: 'SEN SEID [NAME [AID]]',
    text: 'Names an element, with AID its application too; back to its ATR without NAME.',
  },
  'GET-SEN': { usage: 'GET-SEN SEID', text: 'The name of an element and its application.' },
  'GET-VERSION': { usage: 'GET-VERSION', text: 'The version of RACS that the gateway speaks.' },
  'SET-VERSION': { usage: 'SET-VERSION VERSION', text: 'Asks for a version of RACS.' },
  ECHO: { usage: 'ECHO WORD', text: 'Comes back.' },
  USE: {
    usage: 'use [SEID]',
    text: 'Lines of hex digits go to this element as APDUs; to none without SEID.',
    isOwn: true,
  },
  BEGIN: {
    usage: 'begin [NAME]',
    text: 'Lines up to end are sent as one request. APPEND at the end of a line keeps its answer.',
    isOwn: true,
  },
  END: { usage: 'end', text: 'Sends what was entered since begin.', isOwn: true },
  HELP: { usage: 'help [COMMAND]', text: 'This.', isOwn: true },
  QUIT: { usage: 'quit', text: 'Ends the session, and every lease with it; Ctrl-D does, too.', isOwn: true },
}

const NAMES = Object.entries(COMMANDS).map(([name, { isOwn }]) =>
  isOwn === true ? name.toLowerCase() : name,
)

const OVERVIEW = `${Object.values(COMMANDS)
  .map(({ usage }) => `  ${usage}\n`)
  .join('')}
Each line is a request of its own, in either case; help COMMAND says more. Hex digits alone are an APDU for the
element in use. Ctrl-C clears the line, or gives up what is under way. A line that starts with a blank, or holds a
PIN or a key in an APDU, is not kept in the history.
`
