// An ID EEPROM as text, in the form that eepmake of raspberrypi/utils reads: another way to the same image.

import type { Eeprom } from '../../src/hardware/eeprom.ts'

/** @param eeprom  of version 2, all of whose atoms are text */
export function eepromText({ vendor, deviceTree, custom }: Eeprom, stem: string): string {
  const hex = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`
  const quoted = (bytes: Uint8Array): string => `"${Buffer.from(bytes).toString('latin1')}"`
  return `# ID EEPROM of ${vendor.product}, a HAT+. Made by scripts/build-hardware from boards/${stem}.toml; changes belong there.
# eeprom/${stem}.eep is the image. Boards of one revision share this UUID: scripts/build-hardware --serial gives each its own.

product_uuid ${vendor.uuid}
product_id ${hex(vendor.productId)}
product_ver ${hex(vendor.productVersion)}
vendor "${vendor.vendor}"
product "${vendor.product}"
${deviceTree === undefined ? '' : `\n# The overlay that the firmware loads.\ndt_blob ${quoted(deviceTree)}\n`}
# The wiring that the board has.
${custom.map((bytes) => `custom_data ${quoted(bytes)}\n`).join('')}`
}
