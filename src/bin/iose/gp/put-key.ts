// `iose gp put-key`

import { randomBytes } from 'node:crypto'
import { writeNew } from '../../../base/atomic-file.ts'
import { messageOf } from '../../../base/errors.ts'
import { hexOf, hexOfByte } from '../../../base/hex.ts'
import { secretOf } from '../../../base/secret.ts'
import type { NewKeys } from '../../../globalplatform/content.ts'
import { GlobalPlatformError } from '../../../globalplatform/errors.ts'
import { checkKeys, checkValueOf, type KeySet, keysOf } from '../../../globalplatform/keys.ts'
import { replaceKeys } from '../../../globalplatform/operations.ts'
import type { SecureSession } from '../../../globalplatform/session.ts'
import { type CliCommand, CliError, EXIT, misuse } from '../command.ts'
import { SHARED_HELP, textOf } from '../racs/options.ts'
import { printJson, printLine } from '../racs/output.ts'
import { type InDomain, inDomain } from './at-domain.ts'
import { keySetFile } from './key-set.ts'
import { checkPositionals, type GpOrder, gpOrderOf, KEY_HELP, keyVersionOf } from './order.ts'

export const putKey: CliCommand = {
  summary: 'give an element another key set',
  help: `Usage: iose gp put-key --new-key-set FILE --seid SEID (--key-set FILE | --test-keys) [--yes] [flags]

Gives the issuer security domain of an element another key set. Without --yes it says what would happen, with the check
values of the new keys, and changes nothing. With --yes the set is put on the element, and then opened once, to see that
it works. The set of the factory (FF) is gone as soon as there is another one; any other set stays, unless --replace.

  --new-key-set FILE   the new keys, in hex as for --key-set; keep the file: without it nobody can administrate the element
  --generate           makes FILE, with random keys, before anything is sent; there must be no such file
  --new-key-version KVN
                       default 30, with SCP02 20
  --replace            in the place of the set that the session uses
  --yes                does it
${KEY_HELP}
${SHARED_HELP}
Example: iose gp put-key --new-key-set sim5.keys --generate --seid sim5 --test-keys --yes
`,
  async run(args) {
    const order = gpOrderOf(args, USAGE, PUT_KEY_FLAGS)
    checkPositionals(order, USAGE, 0)
    const file = textOf(order.flags, 'new-key-set')
    if (file === undefined || file === '-')
      throw misuse('--new-key-set FILE is missing: the keys must be kept somewhere')
    const isGenerated = order.flags['generate'] === true
    const given = isGenerated ? undefined : keySetFile(file, order.shared.isQuiet ? 'quiet' : 'warn')
    const isDone = order.flags['yes'] === true && !order.isDryRun
    const fresh = await inDomain(order, async (at) => {
      const keys = given ?? (await generated(file, at.session, isDone ? 'for good' : 'for show'))
      const wanted = newKeysOf(order, at.session, keys)
      if (isDone) await put(at, wanted, file)
      return wanted
    })
    if (isDone) await proveNew(order, fresh, file)
    tell(order, fresh, isDone)
    return EXIT.done
  },
}

/** Random keys as long as those of the session's protocol may be; on the disk before they are used. */
async function generated(
  file: string,
  session: SecureSession,
  purpose: 'for good' | 'for show',
): Promise<KeySet> {
  const key = (): Uint8Array => secretOf(randomBytes(16))
  const keys = { enc: key(), mac: key(), dek: key() }
  if (purpose === 'for show') return keys
  checkKeys(keys, session.algorithm)
  const text = keysOf(keys).map((each) => `${hexOf(each)}\n`)
  try {
    await writeNew(file, text.join(''), 0o600)
  } catch (error) {
    const next = 'another --new-key-set FILE, or without --generate if this is the one.'
    throw new CliError(
      EXIT.configuration,
      `cannot keep the new keys: ${messageOf(error)}\nState: the element is as it was.\nNext: ${next}`,
    )
  }
  return keys
}

function newKeysOf({ flags }: GpOrder, session: SecureSession, keys: KeySet): NewKeys {
  const { algorithm, card } = session
  checkKeys(keys, algorithm)
  const isReplaced = flags['replace'] === true
  if (isReplaced && card.keyVersion === FACTORY)
    throw new GlobalPlatformError(
      'gp.request',
      'the set of the factory is not replaced: it is gone with the first new one; without --replace',
    )
  const version =
    keyVersionOf(flags, 'new-key-version') ?? (isReplaced ? card.keyVersion : FIRST_VERSION[algorithm])
  if (version === FACTORY)
    throw new GlobalPlatformError('gp.request', '--new-key-version FF: that is the set of the factory')
  if (!isReplaced && version === card.keyVersion)
    throw new GlobalPlatformError(
      'gp.request',
      'the new set has the version of the one in use: --new-key-version, or --replace',
    )
  return { keys, version, replaces: isReplaced ? card.keyVersion : 0, algorithm }
}

async function put(at: InDomain, fresh: NewKeys, file: string): Promise<void> {
  at.state =
    `it is not known whether the element has the new keys. Keep ${file} and the old ones: ` +
    `iose gp list --key-version ${hexOfByte(fresh.version)} tries the new set, --key-version ${hexOfByte(at.session.card.keyVersion)} the old one.`
  try {
    await replaceKeys(at.session, fresh)
  } catch (error) {
    if (error instanceof GlobalPlatformError && error.code === 'gp.refused')
      at.state = 'the element has the keys that it had.'
    throw error
  }
}

/** Opens a session with the new set: only then somebody can be sure of it. */
async function proveNew(order: GpOrder, { keys, version }: NewKeys, file: string): Promise<void> {
  await inDomain(
    order,
    (at) => {
      at.state = `the element has the new keys, version ${hexOfByte(version)}, which are in ${file}.`
      return Promise.resolve()
    },
    { keys, keyVersion: version },
  )
}

function tell(
  { seid, shared, flags }: GpOrder,
  { keys, version, algorithm }: NewKeys,
  isDone: boolean,
): void {
  const values = keysOf(keys).map((key) => hexOf(checkValueOf(key, algorithm)))
  const [enc = '', mac = '', dek = ''] = values
  if (shared.isJson) {
    printJson({
      seid,
      outcome: isDone ? 'done' : 'dry run',
      version: hexOfByte(version),
      checkValues: { enc, mac, dek },
    })
  } else if (!shared.isQuiet) {
    const name = `key set ${hexOfByte(version)}, check values ENC ${enc} MAC ${mac} DEK ${dek}`
    if (isDone) printLine(`${seid} has the ${name}; a session with it was opened`)
    else {
      const random = flags['generate'] === true ? ' (--generate makes others)' : ''
      printLine(`${seid} would get the ${name}${random}; nothing was changed: --yes does it`)
    }
  }
}

const USAGE = 'put-key --new-key-set FILE --seid SEID (--key-set FILE | --test-keys)'
const PUT_KEY_FLAGS = {
  'new-key-set': { type: 'string' },
  generate: { type: 'boolean' },
  'new-key-version': { type: 'string' },
  replace: { type: 'boolean' },
  yes: { type: 'boolean' },
} as const
const FACTORY = 0xff
/** Where sets of these protocols usually begin. */
const FIRST_VERSION = { aes: 0x30, '3des': 0x20 } as const
