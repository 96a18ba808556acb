// Audit logs in directories of their own, with a key and a clock that do not change from run to run.

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LogDirectory, openDirectory } from '../../src/audit/files.ts'
import { AuditLog, type AuditLogOptions } from '../../src/audit/log.ts'
import { type Verdict, type VerifyOptions, verifyLog } from '../../src/audit/verify.ts'
import { silentLog } from '../../src/base/log.ts'

export const KEY = Uint8Array.from({ length: 32 }, (_, index) => index)

/** 2026-01-31T12:00:00.000Z, and a second more at each look. */
export function tickingClock(): () => number {
  let at = Date.UTC(2026, 0, 31, 12)
  return () => (at += 1000) - 1000
}

export class AuditBench {
  readonly path = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit')
  readonly #wallNow = tickingClock()

  /** @param wrap  puts something between the log and the disk */
  async open(
    options: Partial<AuditLogOptions> = {},
    wrap: (directory: LogDirectory) => LogDirectory = (directory) => directory,
  ): Promise<AuditLog> {
    return AuditLog.open({
      directory: wrap(await openDirectory(this.path)),
      key: KEY,
      name: 'test',
      maxFileBytes: 1 << 20,
      onFull: 'stop',
      wallNow: this.#wallNow,
      log: silentLog,
      ...options,
    })
  }

  /** Opens the log, records `count` events, closes it. */
  async fill(count: number, options: Partial<AuditLogOptions> = {}): Promise<void> {
    await using log = await this.open(options)
    for (let n = 1; n <= count; n++) await log.record('lease.granted', { n, seid: 'sim1' })
  }

  get files(): string[] {
    return readdirSync(this.path).sort()
  }

  read(name = 'audit-000001.jsonl'): string {
    return readFileSync(join(this.path, name), 'latin1')
  }

  write(content: string, name = 'audit-000001.jsonl'): void {
    writeFileSync(join(this.path, name), content, 'latin1')
  }

  /** Lines of a file, without the empty text behind the last line feed. */
  lines(name?: string): string[] {
    return this.read(name).split('\n').slice(0, -1)
  }

  writeLines(lines: readonly string[], name?: string): void {
    this.write(lines.map((line) => `${line}\n`).join(''), name)
  }

  /** What each record of the log says. */
  records(): { seq: number; event: string; fields: Record<string, unknown> }[] {
    return this.files
      .filter((name) => name.endsWith('.jsonl'))
      .flatMap((name) => this.lines(name))
      .map((line) => JSON.parse(line) as { seq: number; event: string; fields: Record<string, unknown> })
  }

  verify(options: VerifyOptions = {}): Promise<Verdict> {
    return verifyLog(this.path, { key: KEY, ...options })
  }

  /** `line kind` of each finding. */
  async findings(options: VerifyOptions = {}): Promise<string[]> {
    const { findings } = await this.verify(options)
    return findings.map(({ line, kind }) => `${line} ${kind}`)
  }
}
