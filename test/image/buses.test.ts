// I2C and SPI through drivers of the kernel that a Raspberry Pi has, i2c-bcm2835 and spi-bcm2835, in the booted image. The
// parts on the buses are an EEPROM and a flash: QEMU has nothing that speaks T=1.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { Disk } from '../support/image/disk.ts'
import type { Inside } from '../support/image/inside.ts'
import { newerQemu } from '../support/image/newer-qemu.ts'
import { cannotBootRaspi, enterRaspi } from '../support/image/raspi.ts'

const CONFIGURATION = `
[status]
listen = "127.0.0.1:8080"
[[slots]]
driver = "i2c"
seid = "on-i2c"
bus = 1
address = 0x33
framing = "nxp"
[[slots]]
driver = "spi"
seid = "on-spi"
bus = 0
chip_select = 0
framing = "gp"
`

test('buses: what the image is shipped with reads and writes through the I2C and SPI drivers of a Raspberry Pi', {
  skip: cannotBootRaspi(),
}, async (t) => {
  const found = await newerQemu()
  if ('missing' in found) {
    t.skip(found.missing)
    return
  }
  using disk = new Disk()
  await using inside = await enterRaspi(disk, { qemu: found.qemu, changes: SPI_ON, devices: PARTS })
  t.diagnostic(`entered ${inside.board.seconds.toFixed(1)} s after power on`)
  await inside.board.waitFor(/iose: up, slot A, version \S+, iosed active/, 540)
  const drivers = await inside.success(
    'readlink -f /sys/class/i2c-dev/i2c-1/device/../driver /sys/class/spi_master/spi0/device/driver',
  )
  assert.deepEqual(drivers.match(/[^/\n]+$/gm), ['i2c-bcm2835', 'spi-bcm2835'])
  assert.deepEqual(await probed(inside), {
    ...{ absent: 'busy', errno: -EREMOTEIO },
    ...{ written: 'done', addressed: 'done', read: 'done', stored: '5ca500ff' },
    ...{ block: 'done', blockRead: 'done', isSame: true },
    identity: 'ef4017',
  })
  t.diagnostic(`buses done ${inside.board.seconds.toFixed(1)} s after power on`)

  // The gateway itself, in the sandbox of its unit, finds nobody there, and says so.
  await inside.write('/run/test/gateway.toml', CONFIGURATION)
  await inside.success(
    'mount --bind /run/test/gateway.toml /etc/iose/gateway.toml && systemctl restart iosed',
    180,
  )
  const json = await inside.success('iose slots --json', 180)
  const rows = JSON.parse(json) as { seid: string; state: string; cause: string }[]
  assert.deepEqual(Object.fromEntries(rows.map(({ seid, state, cause }) => [seid, `${state}: ${cause}`])), {
    'on-i2c': 'mute: on-i2c: nothing acknowledges what is written',
    'on-spi': 'mute: gp-t1prime: no answer within 300 ms',
  })
  const doctor = await inside.run('runuser -u iose -- iose doctor --json', 180)
  const findings = JSON.parse(doctor.stdout) as { check: string; outcome: string; found: string }[]
  const nodes = findings.filter(({ check }) => check === 'i2c' || check === 'spi')
  assert.deepEqual(
    nodes.map(({ outcome, found: what }) => [outcome, what]),
    [
      ['ok', '/dev/i2c-1'],
      ['ok', '/dev/spidev0.0'],
    ],
  )
  t.diagnostic(`done ${inside.board.seconds.toFixed(1)} s after power on`)
})

/** What test/support/image/bus-probe.js prints, run as the gateway's user, who has the groups of the devices. */
async function probed(inside: Inside): Promise<unknown> {
  await inside.copyIn(join(import.meta.dirname, '../support/image/bus-probe.js'), '/run/test/bus-probe.mjs')
  const node = '/usr/lib/iose-gateway/bin/node'
  return JSON.parse(await inside.success(`runuser -u iose -- ${node} /run/test/bus-probe.mjs`, 180))
}

const SPI = '/soc/spi@7e204000'
/** As dtparam=spi=on in config.txt: the controller, and a node that spidev takes. */
const SPI_ON = [
  ['-t s', SPI, 'status', 'okay'],
  ['-c', `${SPI}/element@0`],
  ['-t s', `${SPI}/element@0`, 'compatible', 'rohm,dh2228fv'],
  ['-t x', `${SPI}/element@0`, 'reg', '0'],
  ['-t x', `${SPI}/element@0`, 'spi-max-frequency', '7a1200'],
]
const PARTS = [
  ...['-device', 'at24c-eeprom,bus=i2c-bus.1,address=0x50,rom-size=4096'],
  ...['-device', 'w25q64,bus=spi'],
]
/** Linux: what the driver says of an address that nobody acknowledges. */
const EREMOTEIO = 121
