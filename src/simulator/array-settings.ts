// The command line of a SIM array.

import { parseArgs } from 'node:util'
import { messageOf } from '../base/errors.ts'
import { CARD_APPLICATIONS } from './application.ts'
import type { CardOptions } from './card.ts'
import { type Complaint, LATENCIES, noneOf, PROTOCOLS, SERVER_NAME } from './card-settings.ts'
import type { LatencyName } from './latency.ts'

export interface ArraySettings {
  readonly host: string
  readonly port: number
  readonly boards: number
  readonly slotsPerBoard: number
  readonly latency: LatencyName
  /** The card in a slot, by its number. */
  readonly cardOf: (slot: number) => CardOptions
}

/** What the arguments ask for. */
export function arraySettingsOf(args: readonly string[]): ArraySettings | 'help' | Complaint {
  try {
    return parsed(args)
  } catch (error) {
    // parseArgs says in its message what it does not like.
    return { complaint: messageOf(error) }
  }
}

function parsed(args: readonly string[]): ArraySettings | 'help' | Complaint {
  const { values } = parseArgs({
    args: [...args],
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '2310' },
      boards: { type: 'string', default: '1' },
      slots: { type: 'string', default: '16' },
      'sen-template': { type: 'string', default: 'sim%.com' },
      applet: { type: 'string', default: 'keystore' },
      protocol: { type: 'string', default: 't0' },
      latency: { type: 'string', default: 'none' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const port = numberOf(values.port, 0, 65_535)
  if (port === undefined) return { complaint: `--port ${values.port} is no port` }
  const boards = numberOf(values.boards, 1, MAX_BOARDS)
  if (boards === undefined) return { complaint: `--boards ${values.boards} is not within 1..${MAX_BOARDS}` }
  const slotsPerBoard = numberOf(values.slots, 1, MAX_SLOTS)
  if (slotsPerBoard === undefined)
    return { complaint: `--slots ${values.slots} is not within 1..${MAX_SLOTS}` }
  const senOf = (slot: number): string => values['sen-template'].replaceAll('%', String(slot))
  if (!SERVER_NAME.test(senOf(100 * boards + slotsPerBoard))) {
    return {
      complaint: `--sen-template ${values['sen-template']} makes no server names of 1 to 15 characters`,
    }
  }
  const applet = CARD_APPLICATIONS.find((name) => name === values.applet)
  if (applet === undefined) return noneOf('applet', values.applet, CARD_APPLICATIONS)
  const protocol = PROTOCOLS.find((name) => name === values.protocol)
  if (protocol === undefined) return noneOf('protocol', values.protocol, PROTOCOLS)
  const latency = LATENCIES.find((name) => name === values.latency)
  if (latency === undefined) return noneOf('latency', values.latency, LATENCIES)
  const cardOf = (slot: number): CardOptions => ({ applet, protocol, sen: senOf(slot) })
  return { host: values.host, port, boards, slotsPerBoard, latency, cardOf }
}

function numberOf(text: string, min: number, max: number): number | undefined {
  const number = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN
  return number >= min && number <= max ? number : undefined
}

const MAX_BOARDS = 99
const MAX_SLOTS = 99
