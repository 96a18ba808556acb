// RACS once more, in another way: all lines of a session at once, request by request, from the rules alone. The
// commands are dummies, of which some fail.

import type { DialectName } from '../../src/racs/dialect.ts'
import { RequestError } from '../../src/racs/errors.ts'
import type { Execute } from '../../src/racs/script.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import type { Random } from './random.ts'

/** SHUTDOWN finds the element in use, RESET lacks something, every other command gives back its parameters. */
export const dummies: Execute = (name, parameters) => {
  if (name === 'SHUTDOWN') throw new LeaseError('lease.busy', 'somebody')
  if (name === 'RESET') throw new RequestError('request.syntax', 'usage')
  return parameters.join(',')
}

/** The responses to `lines` as text, in order, up to the one that ends the session; 'close' ends it silently. */
export function responsesTo(lines: readonly string[], dialect: DialectName): string[] {
  const closing = dialect === 'draft' ? -1 : lines.findIndex(isClosing)
  const heard = (closing < 0 ? lines : lines.slice(0, closing)).filter((line) => wordsOf(line).length > 0)
  const responses: string[] = []
  const session: Session = { dialect, hasQuit: false }
  for (let at = 0; at < heard.length; ) {
    const isRequest = firstOf(heard[at]) === 'BEGIN'
    const { response, closes } = isRequest ? answerTo(requestAt(heard, at), session) : stray(session)
    if (response !== undefined) responses.push(response)
    if (closes) return responses
    at = isRequest ? at + requestAt(heard, at).length : afterStray(heard, at)
  }
  return closing < 0 ? responses : [...responses, 'close']
}

/** A session as clients, good and bad, might send it, without line ends. */
export function randomLines(random: Random): string[] {
  const lines: string[] = []
  for (let request = random.int(4); request >= 0; request--) {
    if (!random.oneIn(10)) lines.push(random.pick(BEGINS))
    for (let count = random.int(6); count > 0; count--) lines.push(random.pick(COMMANDS))
    if (!random.oneIn(10)) lines.push(random.pick(['END', 'END', 'END', 'END x', 'end']))
  }
  return lines.map((line) => (random.oneIn(3) ? line : `${line}\r`))
}

interface Session {
  readonly dialect: DialectName
  hasQuit: boolean
}

interface Answer {
  readonly response: string | undefined
  readonly closes: boolean
}

interface Status {
  readonly text: string
  readonly isKept: boolean
}

function stray({ dialect }: Session): Answer {
  return {
    response: 'BEGIN\r\n-300 000 BEGIN is expected\r\nEND\r\n',
    closes: dialect === 'reference',
  }
}

/** Stray lines are told of once; with END they are over, BEGIN is a request of its own. */
function afterStray(lines: readonly string[], at: number): number {
  if (firstOf(lines[at]) === 'END') return at + 1
  const next = lines.findIndex((line, index) => index > at && /^(BEGIN|END)$/.test(firstOf(line)))
  if (next < 0) return lines.length
  return firstOf(lines[next]) === 'END' ? next + 1 : next
}

/** From BEGIN to END, or to where the lines stop. */
function requestAt(lines: readonly string[], at: number): readonly string[] {
  const end = lines.findIndex((line, index) => index > at && firstOf(line) === 'END')
  return lines.slice(at, end < 0 ? lines.length : end + 1)
}

function answerTo([begin = '', ...lines]: readonly string[], session: Session): Answer {
  const isDraft = session.dialect === 'draft'
  const isWhole = firstOf(lines.at(-1)) === 'END'
  const body = isWhole ? lines.slice(0, -1) : lines
  const names = wordsOf(begin).slice(1)
  const name = isDraft || names.length === 1 ? names[0] : undefined
  const answer = (title: string | undefined, statuses: readonly string[]): string => {
    const head = title === undefined ? `BEGIN${isDraft ? '' : ' '}` : `BEGIN ${title}`
    return [head, ...statuses, 'END', ''].join('\r\n')
  }
  if ((name?.length ?? 0) > 64 || (isDraft && (names.length > 1 || !isAscii(name ?? '')))) {
    const code = isDraft ? '301' : '302'
    const response = answer(undefined, [`-${code} 000 BEGIN takes one name of at most 64 characters`])
    if (!isDraft) return { response, closes: true }
    return { response: isWhole ? response : undefined, closes: isWhole && session.hasQuit }
  }
  const { statuses, error, isFatal } = runOf(body, session)
  const kept = statuses.filter(
    ({ isKept }, index) => isKept || (error === undefined && index === statuses.length - 1),
  )
  const texts = kept.map(({ text }) => text)
  if (error === undefined) {
    const closes = isWhole && session.hasQuit
    return {
      response: isWhole ? answer(name, texts.length === 0 ? ['+001 000 No error'] : texts) : undefined,
      closes,
    }
  }
  if (!isDraft) return { response: answer(name, [error]), closes: isFatal }
  return {
    response: isWhole ? answer(name, [...texts, error]) : undefined,
    closes: isWhole && session.hasQuit,
  }
}

/** The statuses of the lines up to the first error, and that. */
function runOf(body: readonly string[], session: Session) {
  const isDraft = session.dialect === 'draft'
  const statuses: Status[] = []
  for (const [index, raw] of body.entries()) {
    const words = wordsOf(raw)
    const [command = ''] = words
    const line = String(index + 1).padStart(3, '0')
    const number = NUMBERS.get(command)
    const yz = command === 'SET-VERSION' && !isDraft ? '02' : number
    const failed = (code: string, why: string, isFatal = false) => ({
      ...{ statuses, isFatal: isFatal && !isDraft },
      error: `-${code} ${line} ${why}`,
    })
    if (command === 'BEGIN') return failed('301', 'BEGIN within a request', true)
    if (isDraft && !isAscii(raw.replace(/\r$/, '')))
      return failed(`5${yz ?? '00'}`, 'only printable ASCII is text')
    if (yz === undefined) return failed(isDraft ? '100' : '900', 'unknown command', true)
    if (command === 'SHUTDOWN') return failed('707', 'in use: somebody')
    if (command === 'RESET') return failed('505', 'usage')
    const isKept = words.length > 1 && words.at(-1) === 'APPEND'
    const parameters = isKept ? words.slice(1, -1) : words.slice(1)
    statuses.push({ text: `+0${yz} ${line} ${parameters.join(',')}`, isKept })
    if (command === 'QUIT' || command === 'XEND') session.hasQuit = true
  }
  return { statuses, error: undefined, isFatal: false }
}

function wordsOf(line: string): string[] {
  return line.replace(/\r$/, '').match(/[^ ]+/g) ?? []
}

function firstOf(line: string | undefined): string {
  return wordsOf(line ?? '')[0] ?? ''
}

/** An empty line, but for a lone LF behind another line. */
function isClosing(line: string, index: number): boolean {
  return wordsOf(line).length === 0 && (line !== '' || index === 0)
}

function isAscii(text: string): boolean {
  return Array.from(text).every((character) => character >= ' ' && character <= '~')
}

const NUMBERS: ReadonlyMap<string, string> = new Map([
  ...([
    ['GET-VERSION', '02'],
    ['SET-VERSION', '03'],
    ['LIST', '04'],
    ['RESET', '05'],
  ] as const),
  ...([
    ['APDU', '06'],
    ['SHUTDOWN', '07'],
    ['POWERON', '08'],
    ['ECHO', '09'],
    ['SEN', '10'],
  ] as const),
  ...([
    ['GET-SEN', '11'],
    ['QUIT', '12'],
    ['XEND', '12'],
  ] as const),
])
const BEGINS = ['BEGIN', 'BEGIN a', 'BEGIN  a', 'BEGIN a b', `BEGIN ${'n'.repeat(64)}`, 'BEGIN a', 'BEGIN b']
const COMMANDS = [
  ...['ECHO a', 'ECHO b APPEND', 'ECHO c APPEND', 'ECHO APPEND', 'ECHO a APPEND b', 'ECHO', ' ECHO  a '],
  ...['GET-VERSION', 'SET-VERSION 1 APPEND', 'LIST APPEND', 'APDU 0 00', 'SEN 0', 'GET-SEN', 'POWERON 0'],
  ...[
    'SHUTDOWN 0',
    'RESET 0 APPEND',
    'FOO',
    'echo a',
    'BEGIN',
    'QUIT',
    'XEND',
    'ECHO \xe9',
    'ECHO\ta',
    '',
    ' ',
  ],
]
