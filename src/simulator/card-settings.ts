// The command line of a card process.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { messageOf } from '../base/errors.ts'
import { bytesOfHex } from '../base/hex.ts'
import { CARD_APPLICATIONS } from './application.ts'
import type { CardOptions } from './card.ts'
import type { LatencyName } from './latency.ts'

export interface CardSettings {
  /** The socket where the card waits for its readers, or the virtual reader that it dials. */
  readonly place: { readonly path: string } | { readonly host: string; readonly port: number }
  readonly card: CardOptions
  readonly latency: LatencyName
}

/** Why the command line cannot be followed, for people. */
export interface Complaint {
  readonly complaint: string
}

/** What the arguments ask for. */
export function settingsOf(args: readonly string[]): CardSettings | 'help' | Complaint {
  try {
    return parsed(args)
  } catch (error) {
    // parseArgs and readFileSync say in their message what they do not like.
    return { complaint: messageOf(error) }
  }
}

function parsed(args: readonly string[]): CardSettings | 'help' | Complaint {
  const { values } = parseArgs({
    args: [...args],
    options: {
      socket: { type: 'string' },
      vpcd: { type: 'string' },
      sen: { type: 'string' },
      applet: { type: 'string', default: 'keystore' },
      protocol: { type: 'string', default: 't1' },
      latency: { type: 'string', default: 'none' },
      'psk-file': { type: 'string' },
      scp: { type: 'string', default: 'scp03' },
      'max-key-tries': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const { sen, 'psk-file': pskFile } = values
  const place = placeOf(values)
  if ('complaint' in place) return place
  if (sen !== undefined && !SERVER_NAME.test(sen)) return { complaint: `--sen ${sen} is no server name` }
  const applet = CARD_APPLICATIONS.find((name) => name === values.applet)
  if (applet === undefined) return noneOf('applet', values.applet, CARD_APPLICATIONS)
  if (sen !== undefined && applet === 'tls-im') return { complaint: `--sen ${sen}: tls-im is no server` }
  const protocol = PROTOCOLS.find((name) => name === values.protocol)
  if (protocol === undefined) return noneOf('protocol', values.protocol, PROTOCOLS)
  const latency = LATENCIES.find((name) => name === values.latency)
  if (latency === undefined) return noneOf('latency', values.latency, LATENCIES)
  const scp = SCPS.find((name) => name === values.scp)
  if (scp === undefined) return noneOf('scp', values.scp, SCPS)
  const { 'max-key-tries': tries } = values
  if (tries !== undefined && !/^[1-9]\d{0,2}$/.test(tries))
    return { complaint: `--max-key-tries ${tries} is not a number from 1 to 999` }
  const issuer = { scp, maxTries: tries === undefined ? undefined : Number(tries) }
  const psk = pskFile === undefined ? undefined : pskOf(readFileSync(pskFile))
  if (pskFile !== undefined && psk === undefined) {
    return { complaint: `--psk-file ${pskFile} holds neither 64 hex digits nor 32 bytes` }
  }
  return { place, latency, card: { applet, protocol, sen, psk, issuer } }
}

function placeOf({ socket, vpcd }: { socket?: string; vpcd?: string }): CardSettings['place'] | Complaint {
  if ((socket === undefined) === (vpcd === undefined))
    return { complaint: 'one of --socket and --vpcd is needed' }
  if (socket !== undefined) return { path: socket }
  const [, host, port] = /^\[?([^[\]]+?)\]?:(\d{1,5})$/.exec(vpcd ?? '') ?? []
  if (host === undefined || Number(port) > 0xffff)
    return { complaint: `--vpcd ${vpcd ?? ''} is not HOST:PORT` }
  return { host, port: Number(port) }
}

/** A complaint about a value that is none of these. */
export function noneOf(option: string, value: string, names: readonly string[]): Complaint {
  return { complaint: `--${option} ${value} is none of ${names.join(', ')}` }
}

function pskOf(content: Uint8Array): Uint8Array | undefined {
  if (content.length === PSK_BYTES) return Uint8Array.from(content)
  const psk = bytesOfHex(Buffer.from(content).toString('latin1').trim())
  return psk?.length === PSK_BYTES ? psk : undefined
}

const SCPS = ['scp03', 'scp02'] as const
export const PROTOCOLS = ['t1', 't0'] as const
export const LATENCIES = ['none', 'p71', 'javacard-2020'] as const
/** What a card can keep for its name. */
export const SERVER_NAME = /^[\x21-\x7e]{1,15}$/
const PSK_BYTES = 32
