// Makes an update file: reads the slot twice, once for its hashes and once to copy it.

import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { UpdateError } from './errors.ts'
import { CHUNK_BYTES, encodeHeader, type UpdateHeader } from './header.ts'
import { keyIdFor } from './keys.ts'
import { KERNEL_AREA_OFFSET } from './layout.ts'
import type { SlotImage } from './slot-image.ts'

/** What whoever signs decides. */
export type UpdateTerms = Pick<UpdateHeader, 'product' | 'version' | 'minimum' | 'boards'>

/**
 * Writes the update file to `path`, which is there whole or not at all.
 * @returns its header
 * @throws UpdateError update.image, update.malformed for terms that no header has, update.disk; the system's error
 */
export async function writeUpdate(
  path: string,
  image: SlotImage,
  terms: UpdateTerms,
  privateKey: KeyObject,
): Promise<UpdateHeader> {
  const { rootBytes, kernelBytes } = image
  const chunkHashes: Buffer[] = []
  for await (const chunk of chunksOf(image)) chunkHashes.push(createHash('sha256').update(chunk).digest())
  const keyId = keyIdFor(createPublicKey(privateKey))
  const fields = { ...terms, keyId, rootBytes, kernelBytes, chunkHashes }
  const header = encodeHeader(fields)
  const temporary = `${path}.partial`
  try {
    const file = await open(temporary, 'w', 0o644)
    try {
      await file.writeFile(header)
      await file.writeFile(sign(null, header, privateKey))
      await copy(image, chunkHashes, file)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return fields
}

async function copy(image: SlotImage, hashes: readonly Buffer[], file: FileHandle): Promise<void> {
  let index = 0
  for await (const chunk of chunksOf(image)) {
    const isSame = hashes[index++]?.equals(createHash('sha256').update(chunk).digest()) === true
    if (!isSame) throw new UpdateError('update.image', `${image.slot.name} was changed meanwhile`)
    await file.writeFile(chunk)
  }
}

/** The payload in chunks; each is a view that is valid until the next. */
async function* chunksOf({
  slot,
  rootBytes,
  kernelBytes,
}: SlotImage): AsyncGenerator<Buffer, void, undefined> {
  const room = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  for (let done = 0; done < rootBytes + kernelBytes; ) {
    const chunk = room.subarray(0, Math.min(CHUNK_BYTES, rootBytes + kernelBytes - done))
    const ofRoot = Math.min(Math.max(rootBytes - done, 0), chunk.length)
    if (ofRoot > 0) await slot.read(chunk.subarray(0, ofRoot), done)
    if (ofRoot < chunk.length)
      await slot.read(chunk.subarray(ofRoot), KERNEL_AREA_OFFSET + done + ofRoot - rootBytes)
    yield chunk
    done += chunk.length
  }
}
