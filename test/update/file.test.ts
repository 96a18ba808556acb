import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { UpdateError } from '../../src/update/errors.ts'
import { encodeHeader, FIXED_BYTES, HASH_BYTES, type UpdateHeader } from '../../src/update/header.ts'
import { keyIdFor, trustedKeys } from '../../src/update/keys.ts'
import { UpdateReader } from '../../src/update/reader.ts'
import { chunksOf, mutate } from '../support/mutate.ts'
import { Random } from '../support/random.ts'
import { known, UpdateBench } from '../support/update-bench.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const KEYS: ReadonlyMap<string, KeyObject> = new Map([[keyIdFor(publicKey), publicKey]])

test('update file: its header and its payload come out as they went in, however the bytes come', async () => {
  using bench = new UpdateBench()
  const { path, payload, rootBytes } = await bench.update({ version: '1.2.3-rc.1', minimum: '1.0.0' })
  const keys = await trustedKeys([join(bench.folder, 'nowhere'), join(bench.folder, 'etc/iose/update-keys')])
  const bytes = readFileSync(path)
  const byteByByte = [...bytes.subarray(0, 1000)].map((byte) => Uint8Array.of(byte))
  const uneven = Array.from({ length: Math.ceil(bytes.length / 4099) }, (_, index) =>
    bytes.subarray(4099 * index, 4099 * (index + 1)),
  )
  for (const pieces of [[bytes], [...byteByByte, bytes.subarray(1000)], uneven]) {
    const reader = await UpdateReader.open(stream(pieces), keys)
    assert.equal(reader.header.version.text, '1.2.3-rc.1')
    assert.equal(reader.header.minimum.text, '1.0.0')
    assert.deepEqual([reader.header.rootBytes, reader.header.kernelBytes], [rootBytes, 4096])
    const got: Buffer[] = []
    for await (const chunk of reader.chunks()) got.push(Buffer.from(chunk))
    assert.ok(Buffer.concat(got).equals(payload))
  }
})

test('update file: a change of any one byte of header, signature or payload is refused', async () => {
  const { bytes } = small()
  assert.equal(await outcomeOf([bytes]), 'taken')
  for (let offset = 0; offset < bytes.length; offset++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const bad = Buffer.from(bytes)
      bad[offset] = (bad[offset] ?? 0) ^ change
      const outcome = await outcomeOf([bad])
      assert.match(outcome, /^update\.(malformed|untrusted)$/, `byte ${offset} ^ ${change}`)
    }
  }
})

test('update file: cut at any position it is refused, and so is a byte behind its end', async () => {
  const { bytes } = small()
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(await outcomeOf([bytes.subarray(0, length)]), 'update.malformed', `${length} bytes`)
  }
  assert.equal(await outcomeOf([bytes, Uint8Array.of(0)]), 'update.malformed')
  assert.equal(await outcomeOf([bytes, new Uint8Array(0)]), 'taken')
})

test('update file: damaged anyhow it is refused, and nothing else goes wrong (1,000 seeded damages)', async () => {
  const { bytes } = small()
  for (let round = 0; round < 1000; round++) {
    const random = new Random(2026, round)
    const bad = mutate(random, bytes)
    const outcome = await outcomeOf(chunksOf(random, bad))
    if (Buffer.from(bad).equals(bytes)) continue
    assert.match(outcome, /^update\.(malformed|untrusted)$/, `round ${round}`)
  }
})

test('update file: a chunk that is wrong is not handed on, and those before it were', async () => {
  using bench = new UpdateBench()
  const { path, payload } = await bench.update()
  const bytes = readFileSync(path)
  const last = bytes.length - 1
  bytes[last] = (bytes[last] ?? 0) ^ 1
  const keys = await trustedKeys([join(bench.folder, 'etc/iose/update-keys')])
  const reader = await UpdateReader.open(stream([bytes]), keys)
  const got: Buffer[] = []
  await assert.rejects(async () => {
    for await (const chunk of reader.chunks()) got.push(Buffer.from(chunk))
  }, /chunk 2 of 2 is not what was signed/)
  assert.ok(Buffer.concat(got).equals(payload.subarray(0, 1024 * 1024)))
})

test('update file: fields that are out of their bounds are refused although they are signed', async () => {
  const { header } = small()
  const bad: [string, (bytes: Buffer) => void][] = [
    ['format', (bytes) => bytes.writeUInt8(2, 8)],
    ['reserved', (bytes) => bytes.writeUInt8(1, 9)],
    ['reserved at the end', (bytes) => bytes.writeUInt8(1, 511)],
    ['length of chunks', (bytes) => bytes.writeUInt32LE(4096, 24)],
    ['no chunks', (bytes) => bytes.writeUInt32LE(0, 28)],
    ['too many chunks', (bytes) => bytes.writeUInt32LE(513, 28)],
    ['more chunks than a file has', (bytes) => bytes.writeUInt32LE(0xffffffff, 28)],
    ['no root', (bytes) => bytes.writeUInt32LE(0, 32)],
    ['root of half a sector', (bytes) => bytes.writeUInt32LE(256, 32)],
    ['root beyond the kernel area', (bytes) => bytes.writeUInt32LE(917_505 * 512, 32)],
    ['kernel beyond the slot', (bytes) => bytes.writeUInt32LE(131_073 * 512, 36)],
    ['product', (bytes) => bytes.fill(0, 40, 72)],
    ['bytes behind the product', (bytes) => bytes.writeUInt8(0x41, 71)],
    ['version', (bytes) => bytes.write('x', 72)],
    ['spelling of the version', (bytes) => bytes.write('1.1.0~rc\0', 72)],
    ['minimum above the version', (bytes) => bytes.write('9.0.0\0', 104)],
    ['boards', (bytes) => bytes.fill(0, 136, 392)],
    ['board with a control character', (bytes) => bytes.write('a\x07', 136)],
  ]
  for (const [what, change] of bad) {
    const bytes = Buffer.from(header)
    change(bytes)
    assert.equal(await outcomeOf([bytes, sign(null, bytes, privateKey), PAYLOAD]), 'update.malformed', what)
  }
})

test('update file: without the key, with another key or with the same key id over another key it is refused', async () => {
  const { bytes, header } = small()
  const other = generateKeyPairSync('ed25519')
  await assert.rejects(UpdateReader.open(stream([bytes]), new Map()), /this machine has no key/)
  const others = new Map([[keyIdFor(other.publicKey), other.publicKey]])
  await assert.rejects(
    UpdateReader.open(stream([bytes]), others),
    new RegExp(`this machine has ${keyIdFor(other.publicKey)}`),
  )
  const forged = [header, sign(null, header, other.privateKey), PAYLOAD]
  assert.equal(await outcomeOf(forged), 'update.untrusted')
})

test('update keys: what is no Ed25519 public key is an error that names the file and shows nothing of it', async () => {
  using bench = new UpdateBench()
  const folder = join(bench.folder, 'etc/iose/update-keys')
  assert.equal((await trustedKeys([folder])).size, 1)
  const secret = readFileSync(bench.keyFile, 'utf8')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()
  for (const content of [secret, rsa, 'hello', '']) {
    bench.put('/etc/iose/update-keys/bad.pem', content)
    await assert.rejects(trustedKeys([folder]), (error: Error) => {
      assert.ok(error instanceof UpdateError && error.code === 'update.key' && error.cause === undefined)
      assert.match(error.message, /bad\.pem/)
      assert.ok(content.length < 10 || !error.message.includes(content.split('\n')[1] ?? '?'))
      return true
    })
  }
})

/** Two sectors and one. */
const PAYLOAD = Buffer.from(new Random(5).bytes(3 * 512))

function small(): { bytes: Buffer; header: Buffer } {
  const fields: UpdateHeader = {
    ...{
      keyId: keyIdFor(publicKey),
      product: 'iose-gateway',
      version: known('1.1.0'),
      minimum: known('1.0.0'),
    },
    ...{ boards: ['linux,dummy-virt', 'brcm,bcm2711'], rootBytes: 1024, kernelBytes: 512 },
    chunkHashes: [createHash('sha256').update(PAYLOAD).digest()],
  }
  const header = encodeHeader(fields)
  assert.equal(header.length, FIXED_BYTES + HASH_BYTES)
  return { header, bytes: Buffer.concat([header, sign(null, header, privateKey), PAYLOAD]) }
}

/** What becomes of a file: `taken`, or the code of the error. */
async function outcomeOf(pieces: readonly Uint8Array[]): Promise<string> {
  try {
    const reader = await UpdateReader.open(stream(pieces), KEYS)
    const got: Buffer[] = []
    for await (const chunk of reader.chunks()) got.push(Buffer.from(chunk))
    assert.ok(Buffer.concat(got).equals(PAYLOAD))
    return 'taken'
  } catch (error) {
    if (error instanceof UpdateError) return error.code
    throw error
  }
}

async function* stream(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece)
}
