// TOML text to the typed configuration of the gateway; every error names file, path and the value found.

import type { LogLevel } from '../base/log.ts'
import { DEFAULT_SLOTS } from './default.ts'
import { ConfigError } from './errors.ts'
import { type ConfigFile, fileSchema, knownKeysAt, SECRET_KEYS, type SlotsTable } from './schema.ts'
import { checked, tomlOf } from './toml.ts'

export interface Config {
  readonly gateway: {
    readonly name: string
    readonly stateDir: string | undefined
    readonly logLevel: LogLevel
  }
  readonly tlsSe: {
    readonly host: string
    readonly port: number
    readonly helloTimeoutMs: number
    readonly queueWaitMs: number
    readonly handshakeTimeoutMs: number
    readonly idleTimeoutMs: number
    readonly sessionTimeoutMs: number
    readonly queueLength: number
    readonly maxConnections: number
    readonly maxConnectionsPerAddress: number
  }
  readonly racs: {
    readonly host: string
    readonly port: number
    /** As configured; undefined: the default under `pki/` in the state directory. */
    readonly files: { readonly [File in RacsFile]: string | undefined }
    readonly dialect: 'draft' | 'reference'
    readonly legacyRsa: boolean
    readonly handshakeTimeoutMs: number
    readonly idleTimeoutMs: number
    readonly apduTimeoutMs: number
    readonly maxConnections: number
    readonly maxConnectionsPerAddress: number
  }
  /** One entry per slot: tables with a count are spread out, SEIDs filled in. */
  readonly slots: readonly SlotConfig[]
}

/** The files of the administration plane. */
export type RacsFile = 'ca' | 'cert' | 'key' | 'crl' | 'users'

/** One simulated element. */
export interface SlotConfig {
  readonly driver: 'simulator'
  readonly seid: string
  readonly aliases: readonly string[]
  readonly sen?: string | undefined
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
  readonly applet: 'keystore' | 'echo' | 'none'
  readonly protocol: 't1' | 't0'
  readonly latency: 'none' | 'p71' | 'javacard-2020'
  readonly psk: Uint8Array
  /** Path of the Unix socket of a card that runs in a process of its own. */
  readonly socket?: string | undefined
}

/**
 * Reads a configuration.
 * @param toml  the text of the file; empty for the default configuration
 * @param file  what messages call it
 * @throws ConfigError config.invalid
 */
export function parseConfig(toml: string, file: string): Config {
  const raw = tomlOf(toml, file)
  const whole = checked(raw, file, { schema: fileSchema, knownKeysAt, secretKeys: SECRET_KEYS })
  checkSockets(raw as { slots?: Record<string, unknown>[] }, file)
  const { gateway, tls_se: tlsSe, racs, slots } = whole
  return {
    gateway: { name: gateway.name, stateDir: gateway.state_dir, logLevel: gateway.log_level },
    tlsSe: tlsSeOf(tlsSe),
    racs: racsOf(racs),
    slots: slots === undefined ? parseConfig(DEFAULT_SLOTS, 'default').slots : slotsOf(slots, file),
  }
}

function tlsSeOf(table: ConfigFile['tls_se']): Config['tlsSe'] {
  return {
    ...table.listen,
    helloTimeoutMs: table.hello_timeout_ms,
    queueWaitMs: table.queue_wait_ms,
    handshakeTimeoutMs: table.handshake_timeout_ms,
    idleTimeoutMs: table.idle_timeout_ms,
    sessionTimeoutMs: table.session_timeout_ms,
    queueLength: table.queue_length,
    maxConnections: table.max_connections,
    maxConnectionsPerAddress: table.max_connections_per_address,
  }
}

function racsOf(table: ConfigFile['racs']): Config['racs'] {
  const { ca, cert, key, crl, users } = table
  return {
    ...table.listen,
    files: { ca, cert, key, crl, users },
    dialect: table.dialect,
    legacyRsa: table.legacy_rsa,
    handshakeTimeoutMs: table.handshake_timeout_ms,
    idleTimeoutMs: table.idle_timeout_ms,
    apduTimeoutMs: table.apdu_timeout_ms,
    maxConnections: table.max_connections,
    maxConnectionsPerAddress: table.max_connections_per_address,
  }
}

/** Spreads out the tables; `{n}` in a text is the number of the slot within its table, from 1. */
function slotsOf(tables: readonly SlotsTable[], file: string): SlotConfig[] {
  const slots: SlotConfig[] = []
  const places = new Map<string, string>()
  tables.forEach((table, index) => {
    const where = `slots[${index}]`
    for (let n = 1; n <= table.count; n++) {
      const slot = slotOf(table, n, `sim${slots.length + 1}`)
      checkName(slot, `${file}: ${where}.sen`)
      for (const seid of [slot.seid, ...slot.aliases]) {
        if (seid.length > MAX_SEID) {
          throw new ConfigError(
            'config.invalid',
            `${file}: ${where}: SEID '${seid}' is longer than ${MAX_SEID}`,
          )
        }
        claim(places, `SEID '${seid}'`, `${file}: ${where}`)
      }
      if (slot.socket !== undefined) claim(places, `socket '${slot.socket}'`, `${file}: ${where}`)
      slots.push(slot)
    }
  })
  return slots
}

function slotOf(table: SlotsTable, n: number, defaultSeid: string): SlotConfig {
  const fill = (template: string): string => template.replaceAll('{n}', String(n))
  return {
    driver: table.driver,
    seid: fill(table.seid ?? defaultSeid),
    aliases: table.aliases.map(fill),
    sen: table.sen === undefined ? undefined : fill(table.sen),
    aid: table.aid,
    maxRecordBytes: table.max_record_bytes,
    applet: table.applet,
    protocol: table.protocol,
    latency: table.latency,
    psk: table.psk,
    socket: table.socket === undefined ? undefined : fill(table.socket),
  }
}

/** A card in a process of its own was personalised there: what the file says of it besides would be ignored. */
function checkSockets({ slots = [] }: { slots?: Record<string, unknown>[] }, file: string): void {
  slots.forEach((table, index) => {
    const idle = 'socket' in table ? PERSONALISATION_KEYS.find((key) => key in table) : undefined
    if (idle === undefined) return
    const message = `${file}: slots[${index}].${idle}: belongs to the process of the card behind 'socket'`
    throw new ConfigError('config.invalid', message)
  })
}

/** A simulated card carries its name in the ATR, where 15 bytes are all there is. */
function checkName({ sen = '' }: SlotConfig, where: string): void {
  if (sen.length > MAX_HISTORICAL_BYTES) {
    const message = `${where}: '${sen}' is longer than the ${MAX_HISTORICAL_BYTES} bytes of an ATR`
    throw new ConfigError('config.invalid', message)
  }
}

function claim(places: Map<string, string>, what: string, where: string): void {
  const other = places.get(what)
  if (other !== undefined) {
    const hint = other === where ? ': put {n} into it' : `, also in ${other}`
    throw new ConfigError('config.invalid', `${where}: ${what} twice${hint}`)
  }
  places.set(what, where)
}

const MAX_HISTORICAL_BYTES = 15
/** As slots/identity has it; a template may fit before its {n} is filled in, and not after. */
const MAX_SEID = 63
const PERSONALISATION_KEYS = ['sen', 'applet', 'protocol', 'latency', 'psk'] as const
