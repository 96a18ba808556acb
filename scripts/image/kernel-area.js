// Makes the kernel area of a slot: kernel-area.js OUTPUT INITRAMFS KERNEL.GZ. Layout: docs/appliance-layout.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'

const SECTOR = 512
const LIMIT = 64 * 1024 * 1024

const [output = '', ...inputs] = process.argv.slice(2)
const [initramfs, kernel] = inputs.map((path) => readFileSync(path))
const initramfsAt = SECTOR
const kernelAt = sectorsOf(initramfsAt + initramfs.length) * SECTOR
const sectors = sectorsOf(kernelAt + kernel.length + 4)
const area = Buffer.alloc(sectors * SECTOR)
if (area.length > LIMIT) {
  console.error(`kernel-area: ${area.length} bytes, there is room for ${LIMIT}`)
  process.exit(1)
}
area.write('IOSEKRNL', 0, 'latin1')
const fields = [1, sectors, initramfsAt, initramfs.length, kernelAt, kernel.length]
fields.forEach((value, index) => area.writeUInt32LE(value, 8 + 4 * index))
initramfs.copy(area, initramfsAt)
kernel.copy(area, kernelAt)
area.writeUInt32LE(crc32(area.subarray(0, area.length - 4)), area.length - 4)
writeFileSync(output, area)

function sectorsOf(bytes) {
  return Math.ceil(bytes / SECTOR)
}
