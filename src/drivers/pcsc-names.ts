// What a PC/SC reader is called. pcscd makes its name of the model, the interface in brackets, the serial number in
// parentheses (both only where there is one), and two hex numbers: of the reader, which depends on the order in which
// readers were plugged in, and of the slot. `SCM SCR 3310 [CCID Interface] (21120735203765) 00 00`

/** The serial number in the name of a reader; the same for all slots of a reader. */
export function serialOf(reader: string): string | undefined {
  return NAME.exec(reader)?.[1]
}

/** True when `selector` is the name of the reader, its serial number, or a pattern of the name with `*` and `?`. */
export function isSelectedBy(selector: string, reader: string): boolean {
  if (selector === reader || selector === serialOf(reader)) return true
  const pattern = selector
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${pattern}$`, 's').test(reader)
}

/**
 * The SEID of the element in `reader`: the serial number, with that of the slot from the second slot on, which stays
 * the same whatever is plugged in when; else the reader's name.
 * @returns 1 to 63 printable ASCII characters, no blank; of a longer name the end, which tells readers apart
 */
export function seidOfReader(reader: string): string {
  const [, serial, slot] = NAME.exec(reader) ?? []
  const isFirstSlot = slot === '00'
  const name = serial === undefined ? reader : isFirstSlot ? serial : `${serial}-${slot}`
  return name.replace(/[^\x21-\x7E]/g, '-').slice(-MAX_SEID_LENGTH) || '-'
}

const NAME = /\(([^()]+)\) [0-9A-F]{2} ([0-9A-F]{2})$/
const MAX_SEID_LENGTH = 63
