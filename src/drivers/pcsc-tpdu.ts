// T=0 in a PC/SC reader: SCardTransmit takes a TPDU there, not an APDU.

import { commandOf } from '../apdu/command.ts'
import { ElementError } from './errors.ts'

/**
 * The TPDU that carries a short command: P3 = 00 is added to case 1, Le is left out of case 4.
 * @param command  one whole C-APDU; the TPDU may be a view of it
 * @throws ElementError element.unsupported for a command of extended length
 * Source: ISO/IEC 7816-3, clause 12.2, command-response pairs over T=0.
 */
export function tpduOf(command: Uint8Array): Uint8Array {
  switch (commandOf(command)?.case) {
    case '1':
      return Uint8Array.of(...command, 0x00)
    case '4S':
      return command.subarray(0, -1)
    case '2E':
    case '3E':
    case '4E':
      throw new ElementError('element.unsupported', 'a command of extended length for a card with T=0')
    case '2S':
    case '3S':
    // What is no command at all is for the card to refuse.
    case undefined:
      return command
  }
}
