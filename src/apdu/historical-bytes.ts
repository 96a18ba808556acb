// What historical bytes say when they are coded as ISO/IEC 7816-4 proposes (historical bytes). Elements put
// anything there, so nothing here fails: what cannot be read is left out.

/** One COMPACT-TLV object: `tag nibble | length nibble | value`. */
export interface CompactObject {
  /** 0..15. */
  readonly tag: number
  /** 0..15 bytes, a view borrowed from the input. */
  readonly value: Uint8Array
}

/** Card service data, tag 3. */
export interface CardService {
  readonly selectsByFullName: boolean
  readonly selectsByPartialName: boolean
  readonly hasDirFile: boolean
  readonly hasAtrFile: boolean
  /** How the two files are read; undefined when the coding is reserved. */
  readonly fileAccess: 'read-binary' | 'read-record' | 'get-data' | undefined
  readonly hasMasterFile: boolean
}

/** Card capabilities, tag 7, third software function byte. */
export interface CardCapabilities {
  readonly hasCommandChaining: boolean
  readonly hasExtendedLength: boolean
  /** EF.ATR says how long commands and responses may be. */
  readonly hasExtendedLengthInfo: boolean
  /** Who numbers logical channels; none: there is only the basic channel. */
  readonly channelsAssignedBy: 'none' | 'reader' | 'card' | 'both'
  /** 1..8, where 8 stands for 8 or more. */
  readonly maxChannels: number
}

/** Status indicator; life cycle or status word undefined when not given. */
export interface CardStatus {
  readonly lifeCycle: number | undefined
  readonly sw: number | undefined
}

export interface HistoricalBytes {
  /** The first byte; undefined when there are no historical bytes. */
  readonly category: number | undefined
  /** In order; empty unless the category is 00 or 80. */
  readonly objects: readonly CompactObject[]
  /** False when the objects end in one that is cut off, or the category asks for bytes that are missing. */
  readonly isComplete: boolean
  /** The byte after category 10, which tells how to find EF.DIR. */
  readonly dirReference: number | undefined
  readonly service: CardService | undefined
  /** Undefined also when the card gives only its first two capability bytes. */
  readonly capabilities: CardCapabilities | undefined
  readonly status: CardStatus | undefined
}

/**
 * What can be read from the historical bytes of an ATR; never throws. Where a tag comes twice the first counts.
 * @param bytes  T1..TK; borrowed as long as the values of `objects` are used
 */
export function historicalBytesOf(bytes: Uint8Array): HistoricalBytes {
  const category = bytes[0]
  switch (category) {
    case CATEGORY_STATUS_AT_END:
      return withStatusAtEnd(bytes)
    case CATEGORY_DIR_REFERENCE:
      return { ...NOTHING, category, dirReference: bytes[1], isComplete: bytes.length > 1 }
    case CATEGORY_COMPACT_TLV: {
      const { objects, isComplete } = walk(bytes.subarray(1))
      const status = statusOf(valueOf(objects, TAG_STATUS))
      return { ...NOTHING, ...meaningOf(objects), category, objects, isComplete, status }
    }
    case undefined:
    default:
      return { ...NOTHING, category }
  }
}

function withStatusAtEnd(bytes: Uint8Array): HistoricalBytes {
  const statusOffset = bytes.length - STATUS_BYTES
  if (statusOffset < 1) return { ...NOTHING, category: CATEGORY_STATUS_AT_END, isComplete: false }
  const { objects, isComplete } = walk(bytes.subarray(1, statusOffset))
  const status = statusOf(bytes.subarray(statusOffset))
  return { ...NOTHING, ...meaningOf(objects), category: CATEGORY_STATUS_AT_END, objects, isComplete, status }
}

function walk(bytes: Uint8Array): { objects: CompactObject[]; isComplete: boolean } {
  const objects: CompactObject[] = []
  let offset = 0
  while (offset < bytes.length) {
    const header = bytes[offset] ?? 0
    const end = offset + 1 + (header & 0x0f)
    if (end > bytes.length) return { objects, isComplete: false }
    objects.push({ tag: header >> 4, value: bytes.subarray(offset + 1, end) })
    offset = end
  }
  return { objects, isComplete: true }
}

function meaningOf(objects: readonly CompactObject[]): Pick<HistoricalBytes, 'service' | 'capabilities'> {
  const service = valueOf(objects, TAG_SERVICE)?.[0]
  const capabilities = valueOf(objects, TAG_CAPABILITIES)?.[2]
  return {
    service: service === undefined ? undefined : serviceOf(service),
    capabilities: capabilities === undefined ? undefined : capabilitiesOf(capabilities),
  }
}

function serviceOf(byte: number): CardService {
  return {
    selectsByFullName: (byte & 0x80) !== 0,
    selectsByPartialName: (byte & 0x40) !== 0,
    hasDirFile: (byte & 0x20) !== 0,
    hasAtrFile: (byte & 0x10) !== 0,
    fileAccess: FILE_ACCESS[(byte >> 1) & 0x07],
    hasMasterFile: (byte & 0x01) === 0,
  }
}

function capabilitiesOf(byte: number): CardCapabilities {
  return {
    hasCommandChaining: (byte & 0x80) !== 0,
    hasExtendedLength: (byte & 0x40) !== 0,
    hasExtendedLengthInfo: (byte & 0x20) !== 0,
    channelsAssignedBy: CHANNEL_ASSIGNMENT[(byte >> 3) & 0x03] ?? 'none',
    maxChannels: (byte & 0x07) + 1,
  }
}

/** One byte is the life cycle, two are the status word, three are both. */
function statusOf(value: Uint8Array | undefined): CardStatus | undefined {
  if (value === undefined || value.length < 1 || value.length > STATUS_BYTES) return undefined
  const [sw1 = 0, sw2 = 0] = value.subarray(-2)
  const sw = value.length === 1 ? undefined : (sw1 << 8) | sw2
  return { lifeCycle: value.length === 2 ? undefined : value[0], sw }
}

function valueOf(objects: readonly CompactObject[], tag: number): Uint8Array | undefined {
  return objects.find((object) => object.tag === tag)?.value
}

const CATEGORY_STATUS_AT_END = 0x00
const CATEGORY_DIR_REFERENCE = 0x10
const CATEGORY_COMPACT_TLV = 0x80
const TAG_SERVICE = 3
const TAG_CAPABILITIES = 7
const TAG_STATUS = 8
/** Life cycle, SW1, SW2. */
const STATUS_BYTES = 3
const FILE_ACCESS = ['read-record', undefined, 'get-data', undefined, 'read-binary'] as const
const CHANNEL_ASSIGNMENT = ['none', 'reader', 'card', 'both'] as const
const NOTHING: HistoricalBytes = {
  category: undefined,
  objects: [],
  isComplete: true,
  dirReference: undefined,
  service: undefined,
  capabilities: undefined,
  status: undefined,
}
