// Runs in the image, with the modules of the gateway that it is shipped with: what the adapters make of real drivers of
// the kernel. Prints one JSON object.
// The parts on the buses: an EEPROM AT24C at I2C address 50, which takes two bytes of address; a flash W25Q64 at SPI 0.0.

const GATEWAY = '/usr/lib/iose-gateway'
const { I2cAdapter } = await import(`${GATEWAY}/dist/drivers/i2c-adapter.js`)
const { SpiAdapter } = await import(`${GATEWAY}/dist/drivers/spi-adapter.js`)
const { createRequire } = await import('node:module')
const load = createRequire(`${GATEWAY}/dist/drivers/i2c-adapter.js`)

const EEPROM = 0x50
const NOBODY = 0x33
const result = {}

const i2c = await I2cAdapter.open(1)
result.absent = await i2c.write(NOBODY, Uint8Array.of(0))
result.written = await i2c.write(EEPROM, Uint8Array.of(0x01, 0x00, 0x5c, 0xa5, 0x00, 0xff))
result.addressed = await i2c.write(EEPROM, Uint8Array.of(0x01, 0x00))
const stored = new Uint8Array(4)
result.read = await i2c.read(EEPROM, stored)
result.stored = Buffer.from(stored).toString('hex')
// A block as long as T=1 has them.
const block = Uint8Array.from({ length: 258 }, (_, index) => (index < 2 ? 0 : index & 0xff))
result.block = await i2c.write(EEPROM, block)
await i2c.write(EEPROM, Uint8Array.of(0, 0))
const again = new Uint8Array(256)
result.blockRead = await i2c.read(EEPROM, again)
result.isSame = Buffer.from(again).equals(Buffer.from(block.subarray(2)))
i2c.close()

// What the kernel says of an address that nobody has, as the addon hands it on.
const bus = load('i2c-bus').openSync(1)
result.errno = await new Promise((resolve) =>
  bus.i2cRead(NOBODY, 1, Buffer.alloc(1), (error) => resolve(error?.errno)),
)
bus.closeSync()

// 9F asks the flash for its identity, which a real one tells within that access. QEMU's controller has no select lines: two
// accesses are one to the flash.
const spi = await SpiAdapter.open(0, 0)
await spi.write(Uint8Array.of(0x9f), 1_000_000)
const identity = new Uint8Array(3)
await spi.read(identity, 1_000_000)
result.identity = Buffer.from(identity).toString('hex')
spi.close()

console.log(JSON.stringify(result))
