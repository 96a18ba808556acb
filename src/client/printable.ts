// Text of the other side on its way to a person: a terminal obeys control characters.

/** `text` with everything that a terminal might obey spelled `\xNN`, and cut where it gets too long to read. */
export function printable(text: string, maxLength = Infinity): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}...` : text
  return cut.replace(CONTROLS, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/**
 * `text` for a message: printable, short, and without long runs of hexadecimal digits, which may be an APDU that was
 * echoed. `name` is kept, for a name of an element may look like hexadecimal.
 */
export function messageText(text: string, name = ''): string {
  const hidden = text.replace(/[0-9A-Fa-f]{8,}/g, (run) => (run === name ? run : '[hex]'))
  return printable(hidden.trim(), MAX_MESSAGE)
}

// C0, DEL and C1.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g
const MAX_MESSAGE = 200
