// `iose gp list`

import { hexOf } from '../../../base/hex.ts'
import { type RegistryEntry, readRegistry } from '../../../globalplatform/registry.ts'
import type { SecureSession } from '../../../globalplatform/session.ts'
import { type CliCommand, EXIT } from '../command.ts'
import { SHARED_HELP } from '../racs/options.ts'
import { printJson, printLine } from '../racs/output.ts'
import { inDomain } from './at-domain.ts'
import { checkPositionals, gpOrderOf, KEY_HELP } from './order.ts'
import { lifeCycleName, privilegeNames } from './words.ts'

export const list: CliCommand = {
  summary: 'what is on an element: its domain, applications and packages',
  help: `Usage: iose gp list --seid SEID (--key-set FILE | --test-keys) [flags]

Lists what is on an element: the issuer security domain, applications with the package that they come from, packages
with their modules.

${KEY_HELP}
${SHARED_HELP}
Example: iose gp list --seid sim5 --test-keys
`,
  async run(args) {
    const order = gpOrderOf(args, USAGE)
    checkPositionals(order, USAGE, 0)
    const content = await inDomain(order, ({ session }) => contentOf(session))
    if (order.shared.isJson) {
      printJson({
        seid: order.seid,
        domains: content.domains.map(rowOf),
        applications: content.applications.map(rowOf),
        packages: content.packages.map(rowOf),
      })
      return EXIT.done
    }
    for (const entry of content.domains) printLine(lineOf('domain', entry))
    for (const entry of content.applications) printLine(lineOf('application', entry))
    for (const entry of content.packages) printLine(lineOf('package', entry))
    return EXIT.done
  },
}

export interface Content {
  readonly domains: readonly RegistryEntry[]
  readonly applications: readonly RegistryEntry[]
  /** With their modules, if the element tells these. */
  readonly packages: readonly RegistryEntry[]
}

export async function contentOf(session: SecureSession): Promise<Content> {
  const domains = (await readRegistry(session, 'domain')) ?? []
  const applications = (await readRegistry(session, 'applications')) ?? []
  const withModules = await readRegistry(session, 'packagesWithModules')
  return { domains, applications, packages: withModules ?? (await readRegistry(session, 'packages')) ?? [] }
}

function lineOf(kind: 'domain' | 'application' | 'package', entry: RegistryEntry): string {
  const details = [
    lifeCycleName(kind, entry.state),
    ...(entry.version === undefined ? [] : [`version ${entry.version}`]),
    ...(entry.modules.length === 0 ? [] : [`modules ${entry.modules.join(' ')}`]),
    ...(kind === 'application' && entry.package !== undefined ? [`from ${entry.package}`] : []),
    ...(kind === 'application' ? privilegeNames(entry.privileges) : []),
  ]
  return `${kind.padEnd(12)} ${entry.aid.padEnd(32)}  ${details.join(', ')}`
}

function rowOf({ privileges, state, ...entry }: RegistryEntry) {
  return { ...entry, state, privileges: hexOf(privileges) }
}

const USAGE = 'list --seid SEID (--key-set FILE | --test-keys)'
