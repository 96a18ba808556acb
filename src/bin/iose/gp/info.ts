// `iose gp info`

import { hexOf, hexOfByte } from '../../../base/hex.ts'
import { type CardData, readCardData } from '../../../globalplatform/card-data.ts'
import { type CliCommand, EXIT } from '../command.ts'
import { SHARED_HELP } from '../racs/options.ts'
import { printJson, printLine } from '../racs/output.ts'
import { atDomain } from './at-domain.ts'
import { checkPositionals, gpOrderOf, SEID_HELP } from './order.ts'
import { keyTypeName } from './words.ts'

export const info: CliCommand = {
  summary: 'what an element tells about itself without keys',
  help: `Usage: iose gp info --seid SEID [flags]

Shows what the issuer security domain of an element tells without keys: who made the element, which secure channel
protocols it has, and which key sets. No key is tried, and nothing is counted.

${SEID_HELP}
${SHARED_HELP}
Example: iose gp info --seid sim5
`,
  async run(args) {
    const order = gpOrderOf(args, USAGE)
    checkPositionals(order, USAGE, 0)
    await atDomain(order, async ({ transmit, domain }) => {
      const card = await readCardData(transmit)
      const aid = hexOf(domain.aid)
      if (order.shared.isJson) {
        const { maxCommandBytes, isLocked } = domain
        printJson({ seid: order.seid, isd: aid, locked: isLocked, maxCommandBytes, ...card })
        return
      }
      printLine(`security domain    ${aid}${domain.isLocked ? '  CARD_LOCKED' : ''}`)
      for (const [name, value] of linesOf(card)) printLine(`${name.padEnd(18)} ${value}`)
    })
    return EXIT.done
  },
}

function linesOf({ cplc, iin, cin, recognition, keys, sequenceCounter }: CardData): [string, string][] {
  const lines: [string, string | undefined][] = [
    ['GlobalPlatform', recognition?.version],
    ['secure channels', recognition?.protocols.map(protocolName).join(', ')],
    ['sequence counter', sequenceCounter],
    ['chip', cplc?.uniqueId],
    ['issuer number', iin],
    ['card number', cin],
  ]
  for (const version of new Set(keys.map((key) => key.version))) {
    const ofSet = keys.filter((key) => key.version === version)
    const kinds = ofSet.map(({ id, components }) => {
      const [first] = components
      return `${id} ${first === undefined ? '?' : keyTypeName(first.type, first.length)}`
    })
    lines.push([
      `key set ${hexOfByte(version)}`,
      `${kinds.join(', ')}${version === 0xff ? '  (of the factory)' : ''}`,
    ])
  }
  return lines.filter((line): line is [string, string] => line[1] !== undefined && line[1] !== '')
}

function protocolName({ scp, i }: { scp: number; i: number }): string {
  return `SCP${hexOfByte(scp)} i=${hexOfByte(i)}`
}

const USAGE = 'info --seid SEID'
