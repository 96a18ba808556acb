// The ID EEPROM of a HAT and of a HAT+, as bytes. Pure.
//
// All numbers are little-endian. Source: the format description of raspberrypi/hats, and the reading and writing of it
// by raspberrypi/utils (eeptools, which knows HAT+ and says what each version may have).
//
//   header      52 2d 50 69 ("R-Pi") | version 1 | 00 | atoms 2 | bytes of all, header included 4
//   each atom   type 2 | number from 0 2 | bytes of data and CRC 4 | data | CRC 2, over all before it in the atom
//
//   type 1  vendor info     UUID 16 (last byte first) | product id 2 | version 2 | lengths 1 1 | vendor | product
//   type 2  GPIO map        drive 3:0, slew 5:4, hysteresis 7:6 | back power 1:0 | 28 lines: use 7, pull 6:5, function 2:0
//   type 3  device tree     version 1: an overlay, compiled; version 2: the name of one
//   type 4  custom          anything
//   type 6  power supply    mA that it can feed back 4; version 2 only
//
// Version 1 is a HAT and must have a GPIO map; version 2 is a HAT+ and must have none.

import { InternalError } from '../base/errors.ts'
import { crc16 } from './crc16.ts'

export interface Eeprom {
  readonly version: 1 | 2
  readonly vendor: VendorInfo
  /** 30 bytes, see above. */
  readonly gpioMap?: Uint8Array | undefined
  readonly deviceTree?: Uint8Array | undefined
  readonly custom: readonly Uint8Array[]
  readonly supplyMa?: number | undefined
}

export interface VendorInfo {
  /** 8-4-4-4-12 digits. */
  readonly uuid: string
  readonly productId: number
  readonly productVersion: number
  readonly vendor: string
  readonly product: string
}

/** An image that was read, or why it is none. */
export type Reading = { readonly eeprom: Eeprom } | { readonly problem: string }

/**
 * The image of an ID EEPROM.
 * @throws InternalError when a value has no place in it
 */
export function encodeEeprom(eeprom: Eeprom): Uint8Array {
  const { version, vendor, gpioMap, deviceTree, custom, supplyMa } = eeprom
  const atoms: [number, Uint8Array][] = [[ATOM.vendor, vendorBytes(vendor)]]
  if (gpioMap !== undefined) atoms.push([ATOM.gpio, gpioMap])
  if (deviceTree !== undefined) atoms.push([ATOM.deviceTree, deviceTree])
  for (const bytes of custom) atoms.push([ATOM.custom, bytes])
  if (supplyMa !== undefined) atoms.push([ATOM.supply, supplyBytes(supplyMa)])
  const bodies = atoms.map(([type, body], number) => atomBytes(type, number, body))
  const length = bodies.reduce((sum, body) => sum + body.length, HEADER_BYTES)
  const header = Buffer.alloc(HEADER_BYTES)
  header.write(SIGNATURE, 'latin1')
  header.writeUInt8(version, HEADER.version)
  header.writeUInt16LE(atoms.length, HEADER.atoms)
  header.writeUInt32LE(length, HEADER.length)
  const image = new Uint8Array(Buffer.concat([header, ...bodies]))
  const reading = decodeEeprom(image)
  if ('problem' in reading) throw new InternalError(`this is no ID EEPROM: ${reading.problem}`)
  return image
}

/**
 * Reads an image, which may be followed by erased bytes (FF). Whatever the bytes are, no more is read than is there.
 * @returns views of `bytes` for what is opaque
 */
export function decodeEeprom(bytes: Uint8Array): Reading {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < HEADER_BYTES) return { problem: `${view.length} bytes are too few` }
  if (view.toString('latin1', 0, 4) !== SIGNATURE) return { problem: 'it does not begin with "R-Pi"' }
  const version = view.readUInt8(HEADER.version)
  if (version !== 1 && version !== 2) return { problem: `version ${version} is not known` }
  if (view.readUInt8(HEADER.reserved) !== 0) return { problem: 'the reserved byte of the header is not 00' }
  const [count, length] = [view.readUInt16LE(HEADER.atoms), view.readUInt32LE(HEADER.length)]
  if (length > view.length || length < HEADER_BYTES)
    return { problem: `the header says ${length} bytes, ${view.length} are there` }
  if (view.subarray(length).some((byte) => byte !== ERASED)) return { problem: 'something follows the image' }
  const atoms: Atom[] = []
  let at = HEADER_BYTES
  while (at < length) {
    const atom = atomAt(view.subarray(at, length), atoms.length)
    if ('problem' in atom) return { problem: `atom ${atoms.length}: ${atom.problem}` }
    atoms.push(atom)
    at += atom.length
  }
  if (atoms.length !== count) return { problem: `the header says ${count} atoms, ${atoms.length} are there` }
  return eepromOf(version, atoms)
}

interface Atom {
  readonly type: number
  readonly body: Buffer
  /** With all that is around the body. */
  readonly length: number
}

/** The atom that `rest` begins with. */
function atomAt(rest: Buffer, number: number): Atom | { readonly problem: string } {
  if (rest.length < ATOM_HEADER_BYTES + CRC_BYTES) return { problem: 'it is cut off' }
  const dataLength = rest.readUInt32LE(ATOM_HEADER.length)
  if (dataLength < CRC_BYTES || dataLength > rest.length - ATOM_HEADER_BYTES)
    return { problem: `${dataLength} bytes of data are not there` }
  const length = ATOM_HEADER_BYTES + dataLength
  const covered = rest.subarray(0, length - CRC_BYTES)
  if (crc16(covered) !== rest.readUInt16LE(covered.length)) return { problem: 'its CRC is wrong' }
  if (rest.readUInt16LE(ATOM_HEADER.number) !== number) return { problem: 'its number is wrong' }
  return { type: rest.readUInt16LE(ATOM_HEADER.type), body: covered.subarray(ATOM_HEADER_BYTES), length }
}

function eepromOf(version: 1 | 2, atoms: readonly Atom[]): Reading {
  const types = atoms.map(({ type }) => type)
  const unknown = types.find((type) => !ORDER.includes(type))
  if (unknown !== undefined) return { problem: `atoms of type ${unknown} are not known` }
  const isSorted = types.every((type, n) => n === 0 || type >= (types[n - 1] ?? 0))
  const isTwice = types.some((type, n) => type !== ATOM.custom && types.indexOf(type) !== n)
  if (!isSorted || isTwice) return { problem: 'its atoms are not in order' }
  const bodyOf = (type: number): Buffer | undefined => atoms.find((atom) => atom.type === type)?.body
  const [gpioMap, deviceTree, supply] = [ATOM.gpio, ATOM.deviceTree, ATOM.supply].map(bodyOf)
  const vendor = vendorIn(bodyOf(ATOM.vendor))
  if (vendor === undefined) return { problem: 'its vendor info is missing or malformed' }
  if (gpioMap !== undefined && gpioMap.length !== GPIO_MAP_BYTES)
    return { problem: `its GPIO map has ${gpioMap.length} bytes` }
  if ((version === 1) !== (gpioMap !== undefined))
    return { problem: version === 1 ? 'a HAT must have a GPIO map' : 'a HAT+ must have no GPIO map' }
  if (supply !== undefined && (version === 1 || supply.length !== SUPPLY_BYTES))
    return { problem: 'its power supply atom is none' }
  if (version === 2 && deviceTree !== undefined && !OVERLAY_NAME.test(deviceTree.toString('latin1')))
    return { problem: 'a HAT+ names its overlay, and this is no name' }
  const custom = atoms.filter(({ type }) => type === ATOM.custom).map(({ body }) => body)
  return { eeprom: { version, vendor, gpioMap, deviceTree, custom, supplyMa: supply?.readUInt32LE(0) } }
}

function vendorIn(body: Buffer | undefined): VendorInfo | undefined {
  if (body === undefined || body.length < VENDOR_BYTES) return undefined
  const [vendorLength, productLength] = [
    body.readUInt8(VENDOR.vendorLength),
    body.readUInt8(VENDOR.productLength),
  ]
  if (body.length !== VENDOR_BYTES + vendorLength + productLength) return undefined
  const digits = Buffer.from(body.subarray(0, UUID_BYTES)).reverse().toString('hex')
  const productAt = VENDOR_BYTES + vendorLength
  const [vendor, product] = [body.subarray(VENDOR_BYTES, productAt), body.subarray(productAt)]
  if ([...vendor, ...product].some((byte) => byte < 0x20 || byte > 0x7e)) return undefined
  return {
    uuid: digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    productId: body.readUInt16LE(VENDOR.productId),
    productVersion: body.readUInt16LE(VENDOR.productVersion),
    vendor: vendor.toString('latin1'),
    product: product.toString('latin1'),
  }
}

function vendorBytes({ uuid, productId, productVersion, vendor, product }: VendorInfo): Uint8Array {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) throw new InternalError(`${uuid} is no UUID`)
  const [first, second] = [vendor, product].map(asciiBytes) as [Buffer, Buffer]
  const body = Buffer.alloc(VENDOR_BYTES)
  body.set(Buffer.from(uuid.replaceAll('-', ''), 'hex').reverse())
  body.writeUInt16LE(productId, VENDOR.productId)
  body.writeUInt16LE(productVersion, VENDOR.productVersion)
  body.writeUInt8(first.length, VENDOR.vendorLength)
  body.writeUInt8(second.length, VENDOR.productLength)
  return Buffer.concat([body, first, second])
}

function asciiBytes(text: string): Buffer {
  if (!/^[\x20-\x7E]{0,255}$/.test(text)) throw new InternalError(`"${text}" has no place in an ID EEPROM`)
  return Buffer.from(text, 'latin1')
}

function supplyBytes(milliamperes: number): Uint8Array {
  const body = Buffer.alloc(SUPPLY_BYTES)
  body.writeUInt32LE(milliamperes)
  return body
}

function atomBytes(type: number, number: number, body: Uint8Array): Uint8Array {
  const atom = Buffer.alloc(ATOM_HEADER_BYTES + body.length + CRC_BYTES)
  atom.writeUInt16LE(type, ATOM_HEADER.type)
  atom.writeUInt16LE(number, ATOM_HEADER.number)
  atom.writeUInt32LE(body.length + CRC_BYTES, ATOM_HEADER.length)
  atom.set(body, ATOM_HEADER_BYTES)
  const covered = atom.length - CRC_BYTES
  atom.writeUInt16LE(crc16(atom.subarray(0, covered)), covered)
  return atom
}

const SIGNATURE = 'R-Pi'
const ATOM = { vendor: 1, gpio: 2, deviceTree: 3, custom: 4, supply: 6 } as const
const ORDER: readonly number[] = Object.values(ATOM)
const HEADER = { version: 4, reserved: 5, atoms: 6, length: 8 }
const HEADER_BYTES = 12
const ATOM_HEADER = { type: 0, number: 2, length: 4 }
const ATOM_HEADER_BYTES = 8
const CRC_BYTES = 2
const VENDOR = { productId: 16, productVersion: 18, vendorLength: 20, productLength: 21 }
const VENDOR_BYTES = 22
const UUID_BYTES = 16
const GPIO_MAP_BYTES = 30
const SUPPLY_BYTES = 4
/** What an erased EEPROM reads as. */
const ERASED = 0xff
const OVERLAY_NAME = /^[0-9A-Za-z][\x21-\x7E]{0,254}$/
