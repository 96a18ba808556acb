// From a zip archive to the components of a CAP file. Whoever made the archive may mean ill: nothing in it is believed,
// and nothing is inflated that could be too large.

import { crc32, inflateRawSync } from 'node:zlib'
import { type Entry, fromBufferPromise, type LocalFileHeader, type ZipFile } from 'yauzl'
import {
  COMPONENT_HEAD_BYTES,
  COMPONENTS,
  type ComponentName,
  type Components,
  fileOf,
  MAX_COMPONENT_BYTES,
} from './components.ts'
import { CapError, damaged, malformed, unsupported } from './errors.ts'

/** Many times what fits into a card. */
export const MAX_ARCHIVE_BYTES = 4 * 1024 * 1024

/**
 * The components in the archive `bytes`, each with the CRC-32 that the archive says. A component is known by the last
 * part of its path, in either case; all must be in one directory. Other entries are not read, but no entry may have a
 * name that leads out of a directory it could be unpacked to, or that tools read in different ways.
 *
 * A component is at most 65538 bytes, by what the archive declares and by what comes; the twelve that there are stay
 * below 1 MiB together.
 * @param bytes  copied
 * @throws CapError cap.not-zip, cap.too-large, cap.damaged, cap.malformed, cap.unsupported
 */
export async function componentsIn(bytes: Uint8Array): Promise<Components> {
  if (bytes.length > MAX_ARCHIVE_BYTES) {
    throw new CapError('cap.too-large', `${bytes.length} bytes; CAP files have at most ${MAX_ARCHIVE_BYTES}`)
  }
  const archive = Buffer.from(bytes)
  const zip = await opened(archive)
  if (zip.entryCount > MAX_ENTRIES) {
    const count = `${zip.entryCount} files in the archive`
    throw new CapError('cap.too-large', `${count}; CAP files have at most ${MAX_ENTRIES}`)
  }
  const components = new Map<ComponentName, Uint8Array>()
  for (const [name, entry] of componentEntries(await entriesOf(zip))) {
    checkEntry(name, entry)
    const local = await localHeaderOf(zip, entry)
    components.set(name, contentOf(archive, name, entry, local))
  }
  return components
}

async function opened(archive: Buffer): Promise<ZipFile> {
  try {
    // Names stay bytes: yauzl would silently make slashes of backslashes, and take names from extra fields.
    return await fromBufferPromise(archive, { decodeStrings: false })
  } catch (cause) {
    if (isZipLike(archive)) throw damaged('the archive', 'cut off or altered', { cause })
    throw new CapError('cap.not-zip', 'not a zip archive, which every CAP file is; is this the right file?', {
      cause,
    })
  }
}

function isZipLike(archive: Buffer): boolean {
  const start = archive.subarray(0, 4).toString('latin1')
  return start === 'PK\x03\x04' || start === 'PK\x05\x06'
}

async function entriesOf(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = []
  try {
    for await (const entry of zip.eachEntry()) entries.push(entry)
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes('encryption')) throw encrypted('the archive')
    throw damaged('the archive', 'its table of files is cut off or altered', { cause })
  }
  return entries
}

function componentEntries(entries: readonly Entry[]): Map<ComponentName, Entry> {
  const found = new Map<ComponentName, Entry>()
  let directory: string | undefined
  for (const entry of entries) {
    const path = checkedPath(entry)
    const cut = path.lastIndexOf('/') + 1
    const file = path.slice(cut).toLowerCase()
    // Assumed, since only descriptions of Java Card 3.1 were read: its extended CAP files have components *.capx.
    if (file.endsWith('.capx')) throw severalPackages()
    if (file === 'staticresources.cap') {
      throw unsupported('StaticResources.cap', 'static resources (Java Card 3.1) are not supported')
    }
    const name = NAMES.get(file)
    if (name === undefined) continue
    if (directory !== undefined && directory !== path.slice(0, cut)) throw severalPackages()
    directory = path.slice(0, cut)
    if (found.has(name)) throw malformed(fileOf(name), 'more than once in the archive')
    found.set(name, entry)
  }
  return found
}

function checkedPath(entry: Entry): string {
  const encoding = (entry.generalPurposeBitFlag & FLAG_UTF8) === 0 ? 'latin1' : 'utf8'
  const path = entry.fileNameRaw.toString(encoding)
  const trouble = troubleOf(path)
  if (trouble === undefined) return path
  const shown = path.slice(0, 80).replace(/[^\x20-\x7e]/g, '?')
  throw malformed(`file "${shown}" in the archive`, `its name has ${trouble}`)
}

function troubleOf(path: string): string | undefined {
  if (/\p{Cc}/u.test(path)) return 'a control character'
  if (path.includes('\\')) return 'a backslash'
  if (/^(\/|[A-Za-z]:)/.test(path)) return 'the form of an absolute path'
  if (path.split('/').includes('..')) return '.. in it'
  return undefined
}

/** Before anything of the entry is looked at. */
function checkEntry(name: ComponentName, entry: Entry): void {
  if (entry.isEncrypted()) throw encrypted(fileOf(name))
  const { compressionMethod: method, uncompressedSize: size } = entry
  if (method !== STORED && method !== DEFLATED) {
    throw unsupported(fileOf(name), `packed by method ${method}; make the archive with deflate`)
  }
  if (size > MAX_COMPONENT_BYTES) {
    const bound = `components have at most ${MAX_COMPONENT_BYTES}`
    throw new CapError('cap.too-large', `${fileOf(name)}: ${size} bytes; ${bound}`)
  }
  if (size < COMPONENT_HEAD_BYTES) throw malformed(fileOf(name), `${size} bytes, too few for any component`)
}

async function localHeaderOf(zip: ZipFile, entry: Entry): Promise<LocalFileHeader> {
  try {
    return await zip.readLocalFileHeaderPromise(entry)
  } catch (cause) {
    throw damaged('the archive', 'the start of a file in it is cut off or altered', { cause })
  }
}

/** A fresh array. */
function contentOf(archive: Buffer, name: ComponentName, entry: Entry, local: LocalFileHeader): Uint8Array {
  // Tools that go by the local headers must see the same components.
  const isSame =
    local.fileName.equals(entry.fileNameRaw) &&
    local.compressionMethod === entry.compressionMethod &&
    ((local.generalPurposeBitFlag ^ entry.generalPurposeBitFlag) & FLAG_ENCRYPTED) === 0
  if (!isSame) throw damaged(fileOf(name), 'the archive describes it in two ways')
  const packed = archive.subarray(local.fileDataStart, local.fileDataStart + entry.compressedSize)
  const content = entry.compressionMethod === STORED ? packed : inflated(name, packed, entry.uncompressedSize)
  const { length } = content
  if (length !== entry.uncompressedSize) {
    throw damaged(fileOf(name), `${length} bytes, the archive says ${entry.uncompressedSize}`)
  }
  if (crc32(content) !== entry.crc32) throw damaged(fileOf(name), 'its checksum is wrong')
  return new Uint8Array(content)
}

function inflated(name: ComponentName, packed: Buffer, size: number): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: size })
  } catch (cause) {
    const isMore = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
    throw damaged(fileOf(name), isMore ? `more than the ${size} bytes it declares` : 'cannot be unpacked', {
      cause,
    })
  }
}

function encrypted(where: string): CapError {
  return unsupported(where, 'encrypted; make the archive without a password')
}

function severalPackages(): CapError {
  const reason = 'several packages in one CAP file (extended, of Java Card 3.1) are not supported'
  return unsupported('the archive', `${reason}; build one CAP file for each package`)
}

const MAX_ENTRIES = 256
const STORED = 0
const DEFLATED = 8
const FLAG_ENCRYPTED = 0x0001
const FLAG_UTF8 = 0x0800
const NAMES: ReadonlyMap<string, ComponentName> = new Map(
  COMPONENTS.map(({ name }) => [fileOf(name).toLowerCase(), name]),
)
