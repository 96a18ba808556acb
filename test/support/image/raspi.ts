// A Raspberry Pi 3 as QEMU has it, with the card in its slot: the processor, the SD controller, the serial lines, USB, I2C
// and SPI of the board. The firmware of its graphics processor is not there; QEMU does what that would: it puts the
// device tree and the boot loader, or the kernel, into memory.

import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { isMissing } from '../peers.ts'
import { cannotBootImage, type Disk, imagePath, KERNEL_AREA_OFFSET, SLOT_OFFSETS } from './disk.ts'
import { commandCredentials, Inside } from './inside.ts'
import { Board, forwarding, freePorts } from './machine.ts'

/** Why the image cannot be booted here, or false. */
export function cannotBootRaspi(): string | false {
  return cannotBootImage() || isMissing('fdtput', '-h') || isMissing('mcopy', '-V')
}

/** What starts the board. */
export type Start =
  /** The kernel of slot A, by QEMU; the boot script's arguments and these. */
  | { readonly by: 'kernel'; readonly bootargs?: readonly string[] }
  /** U-Boot from the card, which finds boot.scr there. */
  | { readonly by: 'u-boot' }

export interface RaspiOptions {
  /** How QEMU is called; of the machine's own when left out. */
  readonly qemu?: readonly string[]
  /** Changes to the device tree, each the arguments of fdtput. */
  readonly changes?: readonly (readonly string[])[]
  /** Further arguments of QEMU. */
  readonly devices?: readonly string[]
}

/** Powers the board on. */
export async function powerOnRaspi(disk: Disk, start: Start, options: RaspiOptions = {}): Promise<Board> {
  const folder = mkdtempSync(join(tmpdir(), `board-${process.pid}-`))
  const ports = await freePorts()
  const tree = join(folder, 'board.dtb')
  writeFileSync(tree, fileOfCard('bcm2837-rpi-3-b.dtb'))
  for (const [flags = '', ...change] of options.changes ?? [])
    execFileSync('fdtput', [...flags.split(' ').filter((flag) => flag !== ''), tree, ...change])
  const command = [
    ...(options.qemu ?? ['qemu-system-aarch64']),
    ...['-M', 'raspi3b', '-display', 'none', '-monitor', 'none', '-dtb', tree],
    ...softwareFor(start, folder),
    ...['-drive', `if=sd,format=raw,file=${disk.path}`],
    ...['-netdev', forwarding(ports), '-device', 'usb-net,netdev=net'],
    // The console is the second serial line; the first one is that of Bluetooth.
    ...['-chardev', `socket,id=first,path=${folder}/port,server=on,wait=off`],
    ...['-serial', 'chardev:first', '-serial', `file:${folder}/serial.log`],
    ...(options.devices ?? []),
  ]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'nice', '-n', '5', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return new Board(child, { folder, ...ports })
}

/** As `powerOnRaspi` with the kernel of slot A; commands come over the first serial line, in place of Bluetooth. */
export async function enterRaspi(disk: Disk, options: RaspiOptions = {}): Promise<Inside> {
  const credentials = Object.entries(commandCredentials('/dev/ttyAMA0')).map(
    ([name, content]) => `systemd.set_credential_binary=${name}:${Buffer.from(content).toString('base64')}`,
  )
  const board = await powerOnRaspi(
    disk,
    { by: 'kernel', bootargs: credentials },
    { ...options, changes: [['-r', `${UART0}/bluetooth`], ...(options.changes ?? [])] },
  )
  return Inside.enter(board, { folder: board.folder, port: join(board.folder, 'port') }, LIMIT_SECONDS)
}

function softwareFor(start: Start, folder: string): string[] {
  if (start.by === 'u-boot') {
    const loader = join(folder, 'u-boot.bin')
    writeFileSync(loader, fileOfCard('u-boot.bin'))
    return ['-kernel', loader]
  }
  const { kernel, initramfs } = kernelOfSlotA()
  const [kernelFile, initramfsFile] = [join(folder, 'kernel'), join(folder, 'initramfs.gz')]
  writeFileSync(kernelFile, kernel)
  writeFileSync(initramfsFile, initramfs)
  const bootargs = [scriptedBootargs(), WITHOUT_WATCHDOG, TWO_PROCESSORS, ...(start.bootargs ?? [])].join(' ')
  return ['-kernel', kernelFile, '-initrd', initramfsFile, '-append', bootargs]
}

/** What the boot script gives the kernel of slot A. */
function scriptedBootargs(): string {
  const line = /setenv bootargs "(.*)"/.exec(readFileSync(BOOT_SCRIPT, 'utf8'))
  const diskId = readImage(440, 4).readUInt32LE().toString(16).padStart(8, '0')
  const bootargs = line?.[1]?.replace('$' + '{uuid}', `${diskId}-02`).replaceAll('$' + '{slot}', 'A')
  if (bootargs === undefined) throw new Error(`${BOOT_SCRIPT} sets no bootargs`)
  return bootargs
}

/** docs/appliance-layout.md has the header. */
function kernelOfSlotA(): { kernel: Buffer; initramfs: Buffer } {
  const at = SLOT_OFFSETS.A + KERNEL_AREA_OFFSET
  const header = readImage(at, 512)
  const part = (field: number): Buffer =>
    readImage(at + header.readUInt32LE(field), header.readUInt32LE(field + 4))
  return { initramfs: part(16), kernel: gunzipSync(part(24)) }
}

/** A file of the boot partition. */
function fileOfCard(name: string): Buffer {
  return execFileSync('mcopy', ['-i', `${imagePath() ?? ''}@@${BOOT_OFFSET}`, `::${name}`, '-'], {
    maxBuffer: 64 << 20,
  })
}

function readImage(offset: number, length: number): Buffer {
  const file = openSync(imagePath() ?? '', 'r')
  try {
    const bytes = Buffer.alloc(length)
    readSync(file, bytes, 0, length, offset)
    return bytes
  } finally {
    closeSync(file)
  }
}

/** QEMU resets its Raspberry Pi when the watchdog is started, not when it has ended: the image would boot for ever. */
const WITHOUT_WATCHDOG = 'systemd.watchdog_sec=0'
/** Four processors that are emulated on fewer wait for one another most of the time. */
const TWO_PROCESSORS = 'maxcpus=2'
/** The board has no fast disk; on an idle machine a boot takes a minute and a half. */
const LIMIT_SECONDS = 540
const BOOT_SCRIPT = resolve(import.meta.dirname, '../../../scripts/image/boot.cmd')
const BOOT_OFFSET = 8192 * 512
const UART0 = '/soc/serial@7e201000'
