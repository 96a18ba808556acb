// The short command APDU as the card sees it (ISO/IEC 7816-4). TLS-SE and TLS-IM never look at its class.

/** A command whose lengths are consistent. */
export interface Command {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  /** The fifth byte as sent: Lc when there is data, else Le; 0 when absent. */
  readonly p3: number
  /** Command data, a view borrowed from the APDU. */
  readonly data: Uint8Array
}

/** The command in `apdu`, or undefined when its length is not that of a short APDU: 6700. */
export function commandOf(apdu: Uint8Array): Command | undefined {
  const [cla, ins, p1, p2, p3 = 0] = apdu
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) return undefined
  const dataEnd = HEADER_BYTES + p3
  if (apdu.length <= HEADER_BYTES) return { cla, ins, p1, p2, p3, data: apdu.subarray(apdu.length) }
  // A trailing Le after the data changes nothing for this card; P3 = 0 with more to come would be an extended length.
  if (p3 === 0 || apdu.length < dataEnd || apdu.length > dataEnd + 1) return undefined
  return { cla, ins, p1, p2, p3, data: apdu.subarray(HEADER_BYTES, dataEnd) }
}

const HEADER_BYTES = 5
