// `iose gp install`

import { hexOf } from '../../../base/hex.ts'
import type { Installation } from '../../../globalplatform/content.ts'
import { GlobalPlatformError } from '../../../globalplatform/errors.ts'
import { install as installApplication } from '../../../globalplatform/operations.ts'
import { isDefaultSelected } from '../../../globalplatform/registry.ts'
import { type CliCommand, CliError, EXIT } from '../command.ts'
import { SHARED_HELP } from '../racs/options.ts'
import { printJson, printLine } from '../racs/output.ts'
import { type InDomain, inDomain } from './at-domain.ts'
import { INSTALL_FLAGS, installationOf } from './installation.ts'
import { contentOf } from './list.ts'
import { type GpOrder, gpOrderOf, KEY_HELP } from './order.ts'

export const install: CliCommand = {
  summary: 'make an application of a package that was loaded',
  help: `Usage: iose gp install CAP --seid SEID (--key-set FILE | --test-keys) [flags]
       iose gp install --package AID --module AID --seid SEID (--key-set FILE | --test-keys) [flags]

Makes an application of a package on the element, and makes it selectable. The AIDs are those of the CAP file, or given;
the CAP file is not loaded by this: iose gp load.

  --package AID, --module AID
                       what it is made of; needed when there is no CAP file, or several applets are in it
  --instance AID       its own AID; default: that of the module
  --default-selected   it is selected after each reset, and may give the element its name in the ATR
  --sen NAME           parameters for TLS-SE as the simulated element takes them: its server name, 1 to 15 characters
  --parameters HEX     parameters in general
  --privileges HEX     one or three bytes; default 00, with --default-selected 04
  --yes                also with privileges to lock or to terminate the whole element
${KEY_HELP}
${SHARED_HELP}
Example: iose gp install demo.cap --seid sim5 --test-keys --default-selected --sen key5.com
`,
  async run(args) {
    const order = gpOrderOf(args, USAGE, INSTALL_FLAGS)
    const installation = await installationOf(order)
    const aid = hexOf(installation.instance)
    if (order.isDryRun) {
      print(order, installation, 'would be installed')
      return EXIT.done
    }
    await inDomain(order, (at) => installInto(at, installation, order))
    print(order, installation, 'is installed')
    if (isDefault(installation) && !order.shared.isQuiet && !order.shared.isJson) {
      printLine(
        `${aid} is selected after each reset; a name that it gives the element shows in the ATR from the`,
      )
      printLine('second reset on, and the gateway goes by it: iose racs sen shows the name.')
    }
    return EXIT.done
  },
}

async function installInto(at: InDomain, installation: Installation, order: GpOrder): Promise<void> {
  const aid = hexOf(installation.instance)
  await checkContent(at, installation, order)
  at.state = `it is not known whether ${aid} was installed; iose gp list shows it.`
  try {
    await installApplication(at.session, installation)
  } catch (error) {
    if (error instanceof GlobalPlatformError && error.code === 'gp.refused')
      at.state = `${aid} was not installed; the package is as it was.`
    throw error
  }
  at.state = `${aid} is installed.`
  if (!isDefault(installation)) return
  // The application gives its name when a reset selects it; the next one shows it.
  const { client, deadline } = at
  await client.reset(order.seid, 'cold', deadline())
  await client.reset(order.seid, 'cold', deadline())
}

/** What the element would refuse with a status word that says little. */
async function checkContent({ session }: InDomain, wanted: Installation, { seid }: GpOrder): Promise<void> {
  const { applications, packages } = await contentOf(session)
  const refuse = (cause: string, next: string): CliError =>
    new CliError(EXIT.refused, `${seid}: ${cause}\nState: the element is as it was.\nNext: ${next}`)
  const [packageAid, instance] = [hexOf(wanted.package), hexOf(wanted.instance)]
  if (!packages.some(({ aid }) => aid === packageAid))
    throw refuse(`the package ${packageAid} is not on the element`, 'iose gp load CAP.')
  if (applications.some(({ aid }) => aid === instance))
    throw refuse(
      `an application ${instance} is there already`,
      `--instance AID, or iose gp delete ${instance}.`,
    )
  const holder = applications.find(isDefaultSelected)
  if (isDefault(wanted) && holder !== undefined)
    throw refuse(
      `${holder.aid} is selected by default, and only one application can be`,
      `without --default-selected, or iose gp delete ${holder.aid} first.`,
    )
}

function print({ seid, shared }: GpOrder, installation: Installation, outcome: string): void {
  const { instance, module, package: source, privileges, parameters } = installation
  if (shared.isJson) {
    printJson({
      seid,
      outcome,
      instance: hexOf(instance),
      module: hexOf(module),
      package: hexOf(source),
      privileges: hexOf(privileges),
      parameterBytes: parameters.length,
    })
  } else if (!shared.isQuiet) {
    const made = `module ${hexOf(module)} of package ${hexOf(source)}, privileges ${hexOf(privileges)}`
    printLine(`${hexOf(instance)} ${outcome} on ${seid}: ${made}`)
  }
}

function isDefault({ privileges }: Installation): boolean {
  return ((privileges[0] ?? 0) & 0x04) !== 0
}

const USAGE = 'install [CAP] --seid SEID (--key-set FILE | --test-keys)'
