// Which appliance this is: its slot, version, board, disk and files.

import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { SlotName } from './boot-state.ts'
import { UpdateError } from './errors.ts'
import { otherSlot, partitionTableOf, SECTOR_BYTES, SLOT_PARTITIONS, slotPartition } from './layout.ts'
import { type Medium, type OpenMedium, openMedium, Window } from './medium.ts'
import { type Version, versionOf } from './version.ts'

export interface Appliance {
  readonly product: string
  /** What runs. */
  readonly slot: SlotName
  readonly version: Version
  /** Words of `compatible` in the device tree; none when there is no device tree. */
  readonly boards: readonly string[]
  /** The disk that has the slots: a block device, or an image. */
  readonly disk: string
  readonly keyFolders: readonly string[]
  readonly journal: string
  readonly lock: string
}

/** What an update is for. */
export const PRODUCT = 'iose-gateway'

/** Folders of public keys: those of the image, and those of the machine's owner. */
export function keyFoldersBelow(root: string): string[] {
  return KEY_FOLDERS.map((folder) => join(root, folder))
}

export function journalBelow(root: string): string {
  return join(root, FOLDER, 'journal.json')
}

/**
 * The appliance whose files are below `root`.
 * @param disk  instead of that of the kernel's command line
 * @throws UpdateError update.no-appliance
 */
export async function applianceBelow(root: string, disk: string | undefined): Promise<Appliance> {
  const versionFile = join(root, VERSION_FILE)
  const versionText = await textOf(versionFile)
  if (versionText === undefined) throw none(`there is no ${versionFile}`)
  const version = versionOf(versionText.trim())
  if (version === undefined) throw none(`${versionFile} has no version`)
  const commandLine = (await textOf(join(root, '/proc/cmdline'))) ?? ''
  const slot = /(?:^|\s)iose\.slot=([AB])(?:\s|$)/.exec(commandLine)?.[1] as SlotName | undefined
  const partition = /(?:^|\s)root=PARTUUID=([0-9a-f]{8})-0([1-4])(?:\s|$)/.exec(commandLine)
  if (slot === undefined || partition === null) throw none('its kernel was not started from a slot')
  const [, diskId = '', number] = partition
  if (Number(number) !== SLOT_PARTITIONS[slot])
    throw none(`the root is partition ${number ?? '?'}, which is not slot ${slot}`)
  const compatible = (await textOf(join(root, '/proc/device-tree/compatible'))) ?? ''
  const path = disk ?? (await diskWith(`${diskId}-0${number ?? ''}`))
  await checkDisk(path, diskId)
  return {
    ...{ product: PRODUCT, slot, version, boards: compatible.split('\0').filter((word) => word !== '') },
    disk: path,
    keyFolders: keyFoldersBelow(root),
    journal: journalBelow(root),
    lock: join(root, FOLDER, 'lock'),
  }
}

/**
 * The slot that the system does not run from.
 * @param disk  of the appliance, open for writing; an image has its slots in itself
 * @throws UpdateError update.disk, update.busy when it is mounted
 */
export async function openOtherSlot(appliance: Appliance, disk: Medium): Promise<OpenMedium> {
  const name = otherSlot(appliance.slot)
  const table = await tableOn(disk)
  const partition = table && slotPartition(table, name)
  if (partition === undefined)
    throw new UpdateError('update.disk', `${disk.name} has no partition for slot ${name}`)
  if ((await stat(appliance.disk)).isBlockDevice()) return openPartition(appliance.disk, partition.number)
  return new Window(disk, { name: `slot ${name} of ${disk.name}`, ...partition })
}

async function openPartition(disk: string, number: number): Promise<OpenMedium> {
  const folder = join('/sys/class/block', basename(await realpath(disk)))
  for (const name of await readdir(folder)) {
    if (Number(await textOf(join(folder, name, 'partition'))) === number)
      return openMedium(join('/dev', name), 'exclusive')
  }
  throw new UpdateError('update.disk', `the kernel does not know partition ${number} of ${disk}`)
}

/** The whole disk of which this is a partition. */
async function diskWith(partuuid: string): Promise<string> {
  const link = join('/dev/disk/by-partuuid', partuuid)
  try {
    const partition = basename(await realpath(link))
    return join('/dev', basename(dirname(await realpath(join('/sys/class/block', partition)))))
  } catch (error) {
    throw new UpdateError(
      'update.no-appliance',
      `there is no ${link}, the partition that this system was started from`,
      {
        cause: error,
      },
    )
  }
}

async function checkDisk(path: string, diskId: string): Promise<void> {
  await using disk = await openMedium(path, 'reading')
  const table = await tableOn(disk)
  if (table?.diskId !== diskId)
    throw none(`${path} is not the disk ${diskId} that this system was started from`)
}

async function tableOn(disk: Medium) {
  const sector = Buffer.alloc(SECTOR_BYTES)
  await disk.read(sector, 0)
  return partitionTableOf(sector)
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new UpdateError('update.disk', `cannot read ${path}`, { cause: error })
  }
}

function none(why: string): UpdateError {
  return new UpdateError('update.no-appliance', `this machine is no appliance with two slots: ${why}`)
}

const VERSION_FILE = '/usr/lib/iose-appliance/version'
const KEY_FOLDERS = ['/usr/share/iose-gateway/update-keys', '/etc/iose/update-keys']
/** On the data partition, and not in the state directory of the gateway: root writes here, and the gateway must not. */
const FOLDER = '/data/update'
