// Request lines out of the query of a URL: `BEGIN=id&APDU=seid%20hex&END=`.

/**
 * The lines that the query of `url` stands for, in order, END added when it is missing.
 * @returns undefined when the query is none: a bad escape, or a line break hidden in one
 */
export function linesOfQuery(url: string): string[] | undefined {
  const start = url.indexOf('?')
  const query = start < 0 ? '' : url.slice(start + 1)
  const lines: string[] = []
  for (const part of query.split('&')) {
    const [name = '', ...rest] = part.split('=')
    const parameters = decoded(rest.join('='))
    const command = decoded(name)
    if (command === undefined || parameters === undefined) return undefined
    if (/[\r\n]/.test(command + parameters) || command.includes(' ')) return undefined
    lines.push(parameters === '' ? command : `${command} ${parameters}`)
  }
  if (lines.at(-1) !== 'END') lines.push('END')
  return lines
}

/** Percent escapes, and the blank that forms write as a plus. Bytes stay bytes: one character each. */
function decoded(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
