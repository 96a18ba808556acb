// TOML text to the typed configuration of the gateway; every error names file, path and the value found.

import type { LogLevel } from '../base/log.ts'
import { type Board, type BoardText, parseBoard, withBoard } from './board.ts'
import { DEFAULT_SLOTS } from './default.ts'
import { ConfigError } from './errors.ts'
import { checkPools, type PoolConfig } from './pools.ts'
import { type ConfigFile, fileSchema, knownKeysAt, SECRET_KEYS } from './schema.ts'
import { checkSockets, type SlotConfig, slotsOf } from './slots.ts'
import { checked, tomlOf } from './toml.ts'

export interface Config {
  readonly gateway: {
    readonly name: string
    readonly stateDir: string | undefined
    /** How long sessions may take to end by themselves when the gateway stops. */
    readonly drainMs: number
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
    /** As configured; undefined: the default under `pki/` in the state directory; for the key see `keyPlaceOf`. */
    readonly files: { readonly [File in RacsFile]: string | undefined }
    readonly dialect: 'draft' | 'reference'
    readonly legacyRsa: boolean
    readonly handshakeTimeoutMs: number
    readonly idleTimeoutMs: number
    readonly apduTimeoutMs: number
    readonly maxConnections: number
    readonly maxConnectionsPerAddress: number
  }
  readonly status: {
    readonly host: string
    readonly port: number
    /** The address was not configured: the plane is open if that happens to be free. */
    readonly isDefault: boolean
    /** Relative to the state directory. */
    readonly tokenFile: string
    /** The same; undefined: nobody can do anything over the status plane. */
    readonly operatorTokenFile: string | undefined
  }
  /** The board that the slots are on, as its file has it. */
  readonly board?: Board
  readonly health: {
    /** How often each idle element is looked at; 0: never. */
    readonly pollMs: number
    /** How often an element may be reset, in the long run. */
    readonly maxResetsPerMinute: number
  }
  readonly guard: {
    /** How many wrong keys in a row an element is shown. */
    readonly maxFailedAuthentications: number
    /** How many wrong PINs in a row an element is shown. */
    readonly maxFailedVerifications: number
  }
  readonly audit: {
    /** As configured, relative to the state directory; undefined: see `keyPlaceOf`. */
    readonly keyFile: string | undefined
    /** What becomes of records that cannot be written. */
    readonly onFull: 'stop' | 'count'
    readonly maxFileBytes: number
    /** The oldest go first; 0: all stay. */
    readonly maxFiles: number
  }
  readonly panel: {
    /** How GPIO lines are had. */
    readonly gpio: 'cdev' | 'onoff'
  }
  /** One entry per slot: tables with a count are spread out, SEIDs filled in. */
  readonly slots: readonly SlotConfig[]
  readonly pools: readonly PoolConfig[]
}

/** The files of the administration plane. */
export type RacsFile = 'ca' | 'cert' | 'key' | 'crl' | 'users'

/**
 * Reads a configuration.
 * @param toml  the text of the file; empty for the default configuration
 * @param file  what messages call it
 * @param readBoard  finds the board file that it names
 * @throws ConfigError config.invalid; and what `readBoard` throws
 */
export function parseConfig(toml: string, file: string, readBoard = noBoard): Config {
  let boardText: BoardText | undefined
  const raw = withBoard(tomlOf(toml, file), file, (name) => {
    boardText = readBoard(name)
    return boardText
  })
  const whole = checked(raw, file, { schema: fileSchema, knownKeysAt, secretKeys: SECRET_KEYS })
  checkSockets(raw as { slots?: Record<string, unknown>[] }, file)
  const { gateway, tls_se: tlsSe, racs, status, health, guard, audit, panel, slots, pools } = whole
  checkPools(pools, file)
  return {
    gateway: {
      name: gateway.name,
      stateDir: gateway.state_dir,
      drainMs: gateway.drain_ms,
      logLevel: gateway.log_level,
    },
    tlsSe: tlsSeOf(tlsSe),
    racs: racsOf(racs),
    status: {
      ...(status.listen ?? DEFAULT_STATUS),
      isDefault: status.listen === undefined,
      tokenFile: status.token_file,
      operatorTokenFile: status.operator_token_file,
    },
    health: { pollMs: health.poll_ms, maxResetsPerMinute: health.max_resets_per_minute },
    guard: {
      maxFailedAuthentications: guard.max_failed_authentications,
      maxFailedVerifications: guard.max_failed_verifications,
    },
    audit: {
      keyFile: audit.key_file,
      onFull: audit.on_full,
      maxFileBytes: audit.max_file_mb * BYTES_PER_MB,
      maxFiles: audit.max_files,
    },
    panel,
    slots: slots === undefined ? parseConfig(DEFAULT_SLOTS, 'default').slots : slotsOf(slots, file),
    pools,
    ...(boardText === undefined ? {} : { board: parseBoard(boardText) }),
  }
}

function noBoard(name: string): BoardText {
  throw new ConfigError('config.missing', `no board '${name}'`)
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

const BYTES_PER_MB = 1 << 20

const DEFAULT_STATUS = { host: '127.0.0.1', port: 8080 }
