// `iose attest`

import { type KeyObject, randomBytes } from 'node:crypto'
import { writeNew } from '../../base/atomic-file.ts'
import { systemClock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { hexOf } from '../../base/hex.ts'
import { takeOwnership } from '../../client/attestation/ownership.ts'
import type { Ask, Report } from '../../client/attestation/procedure.ts'
import { certify } from '../../client/attestation/provider.ts'
import { attest as attestElement } from '../../client/attestation/user.ts'
import { ClientError } from '../../client/errors.ts'
import { printable } from '../../client/printable.ts'
import { saysWrongKey } from '../../client/tls/alerts.ts'
import { type AttestOrder, type OwnerOrder, orderOf, type UserOrder } from './attest-order.ts'
import { type CliCommand, CliError, EXIT } from './command.ts'
import { ELEMENT_HELP } from './element/order.ts'
import { type Access, accessWith, ask, elementErrorOf } from './element/session.ts'
import { printJson, printLine } from './racs/output.ts'

export const attest: CliCommand = {
  summary: 'certify an element, find out whether it is genuine, become its only owner',
  help: `Usage: iose attest URI --role provider --issuer-key PEM [flags]
       iose attest URI --role user --issuer-pub PEM [--take-ownership --psk-out FILE] [flags]

The provider of an application certifies an element: signs its public key, and has it keep the certificate. Its user
verifies the certificate, and has the element sign the secret of this very session, which shows that nobody is in
between, not even who knows the key. Then the user may become its only owner: the element gets a new key.

  --issuer-key PEM     private key of the provider, secp256k1; - is standard input
  --issuer-pass-file FILE
                       the passphrase of that key; - is standard input
  --issuer-pub PEM     public key of the provider, or 130 hex digits
  --element-key KEY    the element must have this public key: 130 hex digits, or a file of them
  --take-ownership     gives the element a new, random key, and finds out that the old one opens nothing any more
  --psk-out FILE       where the new key goes, 64 hex digits, for you alone; there must be no such file
  --print-psk          prints the new key, too
  --json               every check with its evidence: {"role", "sen", "at", "outcome", "checks", "state", "next"}
${ELEMENT_HELP}
Exit codes: 0 all checks passed, 1 one says no, 2 the session ended before, 64 usage, 78 no key.

A key for a provider:
  openssl ecparam -name secp256k1 -genkey -noout -out issuer.key
  openssl ec -in issuer.key -pubout -out issuer.pub

Example: iose attest shellS://key1.com@127.0.0.1 --psk-file key1.psk --role user --issuer-pub issuer.pub
`,
  async run(args) {
    const order = orderOf(args)
    return told(order, await reportOf(order))
  },
}

/** @throws CliError when no session comes about; what happens in one is in the report */
async function reportOf(order: AttestOrder): Promise<Report> {
  try {
    if (order.role === 'provider') return await asProvider(order.access, order.issuer)
    return await asUser(order)
  } catch (error) {
    const { exitCode, message } = elementErrorOf(error, order.access.uri)
    throw new CliError(exitCode, `${message}\nState: the element is as it was.`)
  }
}

async function asProvider(access: Access, issuer: KeyObject): Promise<Report> {
  await using client = await access.open()
  return await certify((line) => ask(client, access, line), issuer)
}

async function asUser({ access, issuer, expected, owner }: UserOrder): Promise<Report> {
  await using client = await access.open()
  const say: Ask = (line) => ask(client, access, line)
  const procedure = await attestElement(say, {
    ...{ issuer, expected, handshakeSecret: client.handshakeSecret },
    random: randomBytes,
    now: () => systemClock.now(),
  })
  if (owner !== undefined && procedure.report.outcome === 'passed') {
    const leave = (): Promise<void> => client[Symbol.asyncDispose]()
    const opens = opener(access)
    await takeOwnership(procedure, say, { ...owner, keep: () => keep(owner), leave, opens })
  }
  return procedure.report
}

async function keep({ place, fresh }: OwnerOrder): Promise<void> {
  try {
    await writeNew(place, `${hexOf(fresh)}\n`, 0o600)
  } catch (error) {
    throw new ClientError('client.request', `the new key cannot be kept: ${messageOf(error)}`)
  }
}

/** Opens sessions only to see whether a key does. */
function opener({ uri, identity, timeoutMs }: Access): (psk: Uint8Array) => Promise<boolean> {
  return async (psk) => {
    try {
      const client = await accessWith(uri, identity, psk, timeoutMs).open()
      await client[Symbol.asyncDispose]()
      return true
    } catch (error) {
      if (error instanceof ClientError && saysWrongKey(error)) return false
      throw error
    }
  }
}

/** Prints what was found. @throws CliError unless all checks have passed */
function told({ role, access, shared, isPskShown, ...rest }: AttestOrder, report: Report): typeof EXIT.done {
  const { sen } = access.uri
  const fresh = 'owner' in rest ? rest.owner?.fresh : undefined
  const hasNewKey = report.checks.some(({ check, passed }) => check === 'key-replaced' && passed)
  const psk = isPskShown && hasNewKey && fresh !== undefined ? hexOf(fresh) : undefined
  if (shared.isJson) printJson({ role, sen, at: new Date().toISOString(), ...report, psk })
  else if (!shared.isQuiet) printReport(report)
  if (psk !== undefined && !shared.isJson) printLine(psk)
  if (report.outcome === 'passed') return EXIT.done
  const last = report.checks.at(-1)
  throw new CliError(
    report.outcome === 'failed' ? EXIT.refused : EXIT.failed,
    `${printable(sen)}: ${last?.check ?? ''}: ${printable(last?.why ?? '')}\nState: ${report.state}.\nNext: ${report.next}`,
  )
}

function printReport({ checks, outcome, state, next }: Report): void {
  for (const { check, passed, evidence } of checks) {
    printLine(`${passed ? 'passed' : 'FAILED'}  ${check}`)
    for (const [name, value] of Object.entries(evidence)) printLine(`        ${name} ${value}`)
  }
  if (outcome !== 'passed') return
  printLine(`State: ${state}.`)
  printLine(`Next: ${next}`)
}
