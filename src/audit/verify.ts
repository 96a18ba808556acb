// Reads a whole log and says what is wrong with it, where. Changes nothing; the gateway may be writing meanwhile.

import { join } from 'node:path'
import { Chain } from './chain.ts'
import { fileName, logFilesIn, numberOf } from './files.ts'
import { readLines } from './lines.ts'
import { type FaultKind, Walk } from './walk.ts'

/**
 * Besides what can be wrong with a line:
 * - torn: the end of a file is no whole line
 * - file: a file is missing
 * - cut: the log ends before a record that was published
 * - rewritten: a record is not the one that was published
 */
export type FindingKind = FaultKind | 'torn' | 'file' | 'cut' | 'rewritten'

export interface Finding {
  readonly kind: FindingKind
  readonly path: string
  /** From 1; 0: the file as a whole. */
  readonly line: number
  /** For people: what is wrong, without the place. */
  readonly text: string
}

/** A record that was published. */
export interface PublishedHead {
  readonly sequence: number
  /** 64 lower-case hex digits. */
  readonly hash: string
}

export interface VerifyOptions {
  /** 32 bytes; without it, changes by somebody who has computed the hashes anew are not seen. */
  readonly key?: Uint8Array | undefined
  readonly heads?: readonly PublishedHead[]
  /** `maybe`: somebody may be writing, so the end of the log is looked at again for a while when it is torn. */
  readonly writer?: 'none' | 'maybe'
  /** More are counted only. */
  readonly maxFindings?: number
}

export interface Verdict {
  readonly records: number
  readonly first: { readonly sequence: number; readonly at: string } | undefined
  readonly last: { readonly sequence: number; readonly at: string; readonly hash: string } | undefined
  readonly findings: readonly Finding[]
  /** How many more there are. */
  readonly furtherFindings: number
  /** Heads of records in files that are not there any more. */
  readonly tooOld: readonly PublishedHead[]
}

/**
 * Checks all files of the log in `directory`.
 * @throws the system's error
 */
export async function verifyLog(directory: string, options: VerifyOptions = {}): Promise<Verdict> {
  const names = await logFilesIn(directory)
  const check = new Check(options)
  if (names.length === 0)
    check.found({ kind: 'file', path: directory, line: 0, text: 'no file of a log is here' })
  for (const name of names) {
    await check.file(directory, name, name === names.at(-1) ? options.writer : 'none')
  }
  return check.verdict()
}

class Check {
  readonly #walk: Walk
  readonly #heads: Map<number, string[]>
  readonly #maxFindings: number
  readonly #findings: Finding[] = []
  #further = 0
  #number = 0
  #first: Verdict['first']
  #place = { path: '', line: 0 }

  constructor({ key, heads = [], maxFindings = 20 }: VerifyOptions) {
    this.#walk = new Walk(new Chain(key))
    this.#maxFindings = maxFindings
    this.#heads = new Map()
    for (const { sequence, hash } of heads) {
      this.#heads.set(sequence, [...(this.#heads.get(sequence) ?? []), hash])
    }
  }

  async file(directory: string, name: string, writer: 'none' | 'maybe' = 'none'): Promise<void> {
    const path = join(directory, name)
    const number = numberOf(name) ?? 0
    if (this.#number > 0 && number !== this.#number + 1) {
      const text = `the file is missing, and ${name} is there`
      this.found({ kind: 'file', path: join(directory, fileName(this.#number + 1)), line: 0, text })
    }
    this.#number = number
    this.#walk.beginFile(number)
    let line = 0
    const onLine = (bytes: Buffer): boolean => {
      line++
      const fault = this.#walk.step(bytes)
      if (fault !== undefined) this.found({ ...fault, path, line })
      this.#first ??= this.#walk.last
      if (this.#heads.size > 0) this.#compare(path, line)
      return true
    }
    const tail = await readLines(path, onLine, writer)
    this.#place = { path, line }
    if (tail.bytes === 0) return
    const text = `the file ends with ${tail.bytes} bytes that are no whole line`
    this.found({ kind: 'torn', path, line: line + 1, text })
  }

  found(finding: Finding): void {
    if (this.#findings.length < this.#maxFindings) this.#findings.push(finding)
    else this.#further++
  }

  verdict(): Verdict {
    const { sequence, hash, records, last } = this.#walk
    const tooOld: PublishedHead[] = []
    for (const [published, hashes] of this.#heads) {
      if (published > sequence) {
        const text = `the log ends with record ${sequence}, and record ${published} was published`
        this.found({ kind: 'cut', ...this.#place, text })
      } else if (published < (this.#first?.sequence ?? 0)) {
        tooOld.push(...hashes.map((one) => ({ sequence: published, hash: one })))
      } else {
        const text = `record ${published} was published, and is not there`
        this.found({ kind: 'rewritten', ...this.#place, text })
      }
    }
    return {
      records,
      first: this.#first,
      last: last === undefined ? undefined : { sequence, at: last.at, hash },
      findings: this.#findings,
      furtherFindings: this.#further,
      tooOld,
    }
  }

  /** A head is done with when its record has come. */
  #compare(path: string, line: number): void {
    const { sequence, hash } = this.#walk
    const hashes = this.#heads.get(sequence)
    if (hashes === undefined) return
    this.#heads.delete(sequence)
    if (hashes.every((published) => published === hash)) return
    const text = `record ${sequence} is not the one that was published as ${sequence}`
    this.found({ kind: 'rewritten', path, line, text })
  }
}
