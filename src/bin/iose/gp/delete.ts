// `iose gp delete`

import { hexOf } from '../../../base/hex.ts'
import { ISSUER_DOMAIN_AIDS } from '../../../globalplatform/aid.ts'
import { GlobalPlatformError } from '../../../globalplatform/errors.ts'
import { remove as removeFrom } from '../../../globalplatform/operations.ts'
import { type CliCommand, CliError, EXIT } from '../command.ts'
import { SHARED_HELP } from '../racs/options.ts'
import { printJson, printLine } from '../racs/output.ts'
import { type InDomain, inDomain } from './at-domain.ts'
import { type Content, contentOf } from './list.ts'
import { checkedAid, checkPositionals, type GpOrder, gpOrderOf, KEY_HELP } from './order.ts'

export const remove: CliCommand = {
  summary: 'delete an application or a package',
  help: `Usage: iose gp delete AID --seid SEID (--key-set FILE | --test-keys) [flags]

Deletes an application, or a package from which no application comes any more; --related deletes the applications of
a package with it. Whatever they keep, keys included, is gone for good. Security domains are not deleted by this.

  --related            of a package, its applications as well
${KEY_HELP}
${SHARED_HELP}
Example: iose gp delete 0102030405 --related --seid sim5 --test-keys
`,
  async run(args) {
    const order = gpOrderOf(args, USAGE, { related: { type: 'boolean' } })
    checkPositionals(order, USAGE, 1)
    const aid = checkedAid(order.positionals[0] ?? '', 'delete')
    const gone = await inDomain(order, (at) => deleteFrom(at, aid, order))
    const outcome = order.isDryRun ? 'would be deleted' : 'deleted'
    if (order.shared.isJson) printJson({ seid: order.seid, outcome, aids: gone })
    else if (!order.shared.isQuiet) for (const each of gone) printLine(`${each} ${outcome} on ${order.seid}`)
    return EXIT.done
  },
}

async function deleteFrom(at: InDomain, aid: Uint8Array, order: GpOrder): Promise<string[]> {
  const name = hexOf(aid)
  const isRelated = order.flags['related'] === true
  const content = await contentOf(at.session)
  checkNoDomain(content, name, order.seid)
  const related = content.applications.filter((application) => application.package === name)
  const gone = [...(isRelated ? related.map((each) => each.aid) : []), name]
  if (order.isDryRun) return gone
  at.state = `it is not known whether ${name} was deleted; iose gp list shows it.`
  try {
    await removeFrom(at.session, aid, isRelated ? 'related' : 'alone')
  } catch (error) {
    if (error instanceof GlobalPlatformError && error.code === 'gp.refused') at.state = 'nothing was deleted.'
    throw error
  }
  return gone
}

/** A security domain that is gone takes with it who could administrate the element. */
function checkNoDomain({ domains, applications }: Content, name: string, seid: string): void {
  const issuers = [...domains.map(({ aid }) => aid), ...ISSUER_DOMAIN_AIDS.map(hexOf)]
  const isDomain = applications.some(
    ({ aid, privileges }) => aid === name && ((privileges[0] ?? 0) & 0x80) !== 0,
  )
  if (!isDomain && !issuers.includes(name)) return
  const cause = `${name} is a security domain: without it nobody could administrate the element`
  throw new CliError(
    EXIT.refused,
    `${seid}: ${cause}\nState: the element is as it was.\nNext: iose gp list shows what can be deleted.`,
  )
}

const USAGE = 'delete AID --seid SEID (--key-set FILE | --test-keys)'
