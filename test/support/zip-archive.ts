import { crc32, deflateRawSync } from 'node:zlib'

/** A file in a zip archive; what is not given is made to fit `content`. */
export interface ZipEntry {
  readonly name: string | Uint8Array
  readonly content: Uint8Array
  /** 8, deflate, unless given; any other leaves the content as it is. */
  readonly method?: number
  readonly flags?: number
  readonly declaredSize?: number
  readonly crc?: number
  /** In the local header only. */
  readonly localName?: string
}

/** The bytes of a zip archive, by hand, so that they can be wrong. APPNOTE.TXT sections 4.3.7, 4.3.12, 4.3.16. */
export function zipOf(entries: readonly ZipEntry[]): Uint8Array {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const entry of entries) {
    const packed = (entry.method ?? 8) === 8 ? deflateRawSync(entry.content) : Buffer.from(entry.content)
    const common = commonFields(entry, packed)
    const name = Buffer.from(entry.name)
    const localName = Buffer.from(entry.localName ?? entry.name)
    const local = Buffer.concat([
      ...[LOCAL_MAGIC, common, u16(localName.length), u16(0)],
      ...[localName, packed],
    ])
    const attributes = Buffer.alloc(10)
    centrals.push(
      Buffer.concat([
        ...[CENTRAL_MAGIC, u16(20), common, u16(name.length), u16(0), u16(0)],
        ...[attributes.subarray(0, 8), u32(offset), name],
      ]),
    )
    locals.push(local)
    offset += local.length
  }
  const central = Buffer.concat(centrals)
  const counts = [u16(0), u16(0), u16(entries.length), u16(entries.length)]
  const end = Buffer.concat([END_MAGIC, ...counts, u32(central.length), u32(offset), u16(0)])
  return new Uint8Array(Buffer.concat([...locals, central, end]))
}

/** Version needed, flags, method, time, date, checksum and sizes, which both headers have. */
function commonFields(entry: ZipEntry, packed: Buffer): Buffer {
  const { content, method = 8, flags = 0, declaredSize = content.length, crc = crc32(content) } = entry
  const start = [u16(20), u16(flags), u16(method), u16(0), u16(0x21)]
  return Buffer.concat([...start, u32(crc), u32(packed.length), u32(declaredSize)])
}

function u16(value: number): Buffer {
  const field = Buffer.alloc(2)
  field.writeUInt16LE(value)
  return field
}

function u32(value: number): Buffer {
  const field = Buffer.alloc(4)
  field.writeUInt32LE(value)
  return field
}

const LOCAL_MAGIC = Buffer.from('PK\x03\x04', 'latin1')
const CENTRAL_MAGIC = Buffer.from('PK\x01\x02', 'latin1')
const END_MAGIC = Buffer.from('PK\x05\x06', 'latin1')
