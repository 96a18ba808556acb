// What makes device nodes appear: on a Raspberry Pi lines of its firmware's config.txt, elsewhere modules. Pure.
// The names are those of the firmware's own list, /boot/firmware/overlays/README.

/** What decides which remedy is the right one. */
export interface Machine {
  readonly isRaspberryPi: boolean
  /** The kernel shows I2C buses to programs. */
  readonly hasI2cDev: boolean
  /** The kernel has a driver for that bus, whether it shows it or not. */
  hasI2cBus(bus: number): boolean
}

export function i2cRemedy(bus: number, machine: Machine): string {
  if (!machine.hasI2cDev || machine.hasI2cBus(bus)) {
    return 'sudo modprobe i2c-dev && echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf'
  }
  if (!machine.isRaspberryPi) return OTHER_BUSES
  if (bus === 1) return 'sudo raspi-config nonint do_i2c 0 && sudo reboot'
  return withFirmwareLine(bus === 0 ? 'dtparam=i2c_vc=on' : `dtoverlay=i2c${bus}`)
}

export function spiRemedy(bus: number, chipSelect: number, machine: Machine): string {
  if (!machine.isRaspberryPi) return 'ls /dev/spidev*; sudo modprobe spidev'
  if (bus === 0 && chipSelect <= 1) return 'sudo raspi-config nonint do_spi 0 && sudo reboot'
  return withFirmwareLine(`dtoverlay=spi${bus}-${Math.max(chipSelect + 1, bus === 0 ? 2 : 1)}cs`)
}

export function chipRemedy(): string {
  return 'ls /sys/bus/gpio/devices, and the `chip` of the lines in the configuration'
}

/** A rule that gives nodes of that kind to the group. */
export function udevRemedy(kind: 'i2c' | 'spi' | 'gpio', group: string): string {
  const rule = `SUBSYSTEM=="${SUBSYSTEM[kind]}", GROUP="${group}", MODE="0660"`
  return [
    `sudo groupadd -f ${group}`,
    `echo '${rule}' | sudo tee /etc/udev/rules.d/60-iose-${kind}.rules`,
    'sudo udevadm control --reload && sudo udevadm trigger',
  ].join(' && ')
}

function withFirmwareLine(line: string): string {
  return `echo ${line} | sudo tee -a /boot/firmware/config.txt && sudo reboot`
}

const SUBSYSTEM = { i2c: 'i2c-dev', spi: 'spidev', gpio: 'gpio' } as const
const OTHER_BUSES = 'ls /dev/i2c-*; i2cdetect -l'
