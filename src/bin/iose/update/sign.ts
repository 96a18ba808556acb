// `iose update sign`

import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { messageOf } from '../../../base/errors.ts'
import { PRODUCT } from '../../../update/appliance.ts'
import { UpdateError } from '../../../update/errors.ts'
import { payloadBytes } from '../../../update/header.ts'
import { privateKeyIn } from '../../../update/keys.ts'
import { openMedium } from '../../../update/medium.ts'
import { writeUpdate } from '../../../update/sign.ts'
import { type SlotImage, slotImageOf } from '../../../update/slot-image.ts'
import { compareVersions, type Version, versionOf } from '../../../update/version.ts'
import { CliError, EXIT, type ExitCode, misuse } from '../command.ts'
import { printLine } from '../racs/output.ts'
import { checkFlags, onlyWord, type UpdateCall } from './options.ts'

export async function signUpdate(call: UpdateCall): Promise<ExitCode> {
  checkFlags(call, 'sign', ['key', 'output', 'board', 'minimum', 'version'])
  const { key, output, board: boards = [], minimum, version } = call.values
  const path = onlyWord(call, 'IMAGE')
  if (key === undefined) throw misuse('--key FILE is missing')
  if (output === undefined) throw misuse('--output FILE is missing')
  if (boards.length === 0) throw misuse('--board NAME is missing, such as brcm,bcm2711')
  const lowest = versionGiven('--minimum', minimum ?? '0.0.0')
  const named = version === undefined ? undefined : versionGiven('--version', version)
  const privateKey = await privateKeyIn(key)
  await using file = await openMedium(path, 'reading')
  const image = await slotImageOf(file)
  const terms = {
    product: PRODUCT,
    boards,
    version: await versionFor(path, image, named),
    minimum: lowest,
  }
  if (compareVersions(lowest, terms.version) > 0)
    throw misuse(`--minimum ${lowest.text} is above ${terms.version.text}`)
  const header = await written(output, () => writeUpdate(output, image, terms, privateKey))
  const { size } = await stat(output)
  printLine(`${output}: version ${header.version.text} for ${boards.join(' ')}, minimum ${lowest.text}`)
  printLine(`${size} bytes, of which ${payloadBytes(header)} for a slot, signed with key ${header.keyId}`)
  printLine(`Next: iose update inspect ${output}, where the public key is: openssl pkey -in ${key} -pubout`)
  return EXIT.done
}

async function written<T>(output: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (error instanceof UpdateError || !(error instanceof Error && 'code' in error)) throw error
    throw new CliError(EXIT.refused, `cannot write ${output}: ${messageOf(error)}`)
  }
}

/**
 * The version that the image says, which is the one that a machine with it will have; where that cannot be read, the
 * one that was named.
 */
async function versionFor(path: string, image: SlotImage, named: Version | undefined): Promise<Version> {
  if (named === undefined) return versionIn(path, image)
  let own: Version
  try {
    own = await versionIn(path, image)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    const [why = ''] = error.message.split('\n')
    printLine(`--version ${named.text} is not compared with the image: ${why}`)
    printLine('A machine falls back from an image that says another version of itself.')
    return named
  }
  if (compareVersions(own, named) === 0) return named
  const message = `${path} says that it is version ${own.text}; signed as ${named.text}, every machine would fall back from it`
  throw new UpdateError('update.image', message)
}

/** What the image says of itself. */
async function versionIn(path: string, { offset }: SlotImage): Promise<Version> {
  const name = 'usr/lib/iose-appliance/version'
  let text: string
  try {
    const { stdout } = await promisify(execFile)('unsquashfs', [
      '-offset',
      String(offset),
      '-cat',
      path,
      name,
    ])
    text = stdout.trim()
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no unsquashfs' : messageOf(error).trim()
    const next = 'apt-get install squashfs-tools, or --version'
    throw new CliError(EXIT.failed, `cannot read /${name} in ${path}: ${why}\nNext: ${next}`, {
      cause: error,
    })
  }
  const version = versionOf(text)
  if (version === undefined) throw new UpdateError('update.image', `/${name} in ${path} has no version`)
  return version
}

function versionGiven(flag: string, text: string): Version {
  const version = versionOf(text)
  if (version === undefined) throw misuse(`${flag} ${text}: a version is of the form 1.2.3 or 1.2.3-rc.1`)
  return version
}
