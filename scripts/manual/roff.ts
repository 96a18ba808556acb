// Text as roff, with the man macros: what groff and mandoc print is what was given, character for character.

/** Text within a line, upright. Hyphens are those of commands and files, so that they can be copied. */
export function plain(text: string): string {
  let escaped = ''
  for (const character of text) escaped += ESCAPES[character] ?? unicode(character)
  return escaped
}

/** The same with flags bold, and in a term the words in capitals, which stand for a value, slanted. */
export function styled(text: string, kind: 'prose' | 'term'): string {
  const parts = text.split(kind === 'term' ? TERM_PARTS : PROSE_PARTS)
  return parts.map((part, index) => (index % 2 === 0 ? plain(part) : emphasized(part))).join('')
}

/** A paragraph: one line of roff a sentence. */
export function paragraph(text: string): string {
  return `.PP\n${filled(text)}`
}

/** Text that follows a macro which has begun a paragraph. */
export function filled(text: string): string {
  return text
    .split(/(?<=[\w)"'/][.:]) (?=[A-Z])/)
    .map((sentence) => `${guarded(styled(sentence, 'prose'))}\n`)
    .join('')
}

/** Lines as they are, indented. */
export function verbatim(lines: readonly string[]): string {
  const text = lines.map((line) => `${line === '' ? '\\&' : guarded(plain(line))}\n`).join('')
  return `.PP\n.RS 4\n.EX\n${text}.EE\n.RE\n`
}

/**
 * A term with its text below it.
 * @param last  stands on a line of its own at the end, upright
 */
export function item(term: string, text: string, last = ''): string {
  const ending = last === '' ? '' : `.br\n${guarded(plain(last))}\n`
  return `.TP\n${guarded(styled(term, 'term'))}\n${text === '' ? '\\&\n' : filled(text)}${ending}`
}

export function section(title: string, body: string): string {
  return body === '' ? '' : `.SH ${quoted(title)}\n${body.replace(/^\.PP\n/, '')}`
}

export function subsection(title: string, body: string): string {
  return `.SS ${quoted(title)}\n${body.replace(/^\.PP\n/, '')}`
}

/** References to pages: `iosed(8)`. */
export function seeAlso(pages: readonly string[]): string {
  const lines = pages.map((page, index) => {
    const [, name = '', chapter = ''] = /^(.+)\((\d)\)$/.exec(page) ?? []
    return `.BR \\%${plain(name)} (${chapter})${index < pages.length - 1 ? ' ,' : ''}\n`
  })
  return lines.join('').replaceAll(') ,', '),')
}

/** An argument of a macro. */
function quoted(text: string): string {
  return `"${plain(text).replaceAll('"', '\\(dq')}"`
}

/** A line that begins like a request is text all the same. */
function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line
}

function emphasized(part: string): string {
  return /^-/.test(part) || /^[a-z]/.test(part) ? `\\fB${plain(part)}\\fR` : `\\fI${plain(part)}\\fR`
}

function unicode(character: string): string {
  const point = character.codePointAt(0) ?? 0
  return point < 0x80 ? character : `\\[u${point.toString(16).toUpperCase().padStart(4, '0')}]`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

const PROSE_PARTS = /((?<![\w-])--?[a-z][a-z-]*)/
const TERM_PARTS = /((?<![\w-])--?[a-z][a-z-]*|\b[A-Z][A-Z0-9_]*\b)/
