// The end of the log on the disk: what is behind it is there, whatever fails later.

import { basename } from 'node:path'
import { AuditError } from './errors.ts'
import { fileName, type LogDirectory, type LogFile } from './files.ts'

export interface TapeStart {
  /** Number of the last file; 0 when there is none. */
  readonly number: number
  /** How much of it holds. */
  readonly bytes: number
}

/** The last file of the log. One call at a time. */
export class Tape {
  readonly #directory: LogDirectory
  readonly #afterFailedSync: 'stop' | 'rewind'
  #file: LogFile
  #number: number
  #bytes: number
  /** There may be more in the file than `bytes`. */
  #isDirty: boolean
  #end: AuditError | undefined

  private constructor(
    directory: LogDirectory,
    afterFailedSync: 'stop' | 'rewind',
    at: TapeStart & { file: LogFile },
  ) {
    this.#directory = directory
    this.#afterFailedSync = afterFailedSync
    this.#file = at.file
    this.#number = at.number
    this.#bytes = at.bytes
    this.#isDirty = true
  }

  /**
   * @param afterFailedSync  whether it can go on after an fsync that failed. The kernel then takes for written what is
   *   not; what `rewind` cuts off and writes again is sure, what was written before the failure was sure before.
   * @throws the system's error
   */
  static async open(
    directory: LogDirectory,
    { number, bytes }: TapeStart,
    afterFailedSync: 'stop' | 'rewind',
  ): Promise<Tape> {
    const file = await (number === 0 ? directory.create(fileName(1)) : directory.open(fileName(number)))
    return new Tape(directory, afterFailedSync, { number: Math.max(1, number), bytes, file })
  }

  /** Of the file, as far as it is sure. */
  get bytes(): number {
    return this.#bytes
  }

  /** Of the file, without its directory. */
  get name(): string {
    return basename(this.#file.path)
  }

  /**
   * Cuts off what earlier failures have left, and makes sure that nobody else writes.
   * @throws AuditError audit.unwritable, audit.broken
   */
  async prepare(): Promise<void> {
    if (this.#end !== undefined) throw this.#end
    if (this.#isDirty) {
      await this.#attempt('truncate', () => this.#file.truncate(this.#bytes))
      await this.#sync()
      this.#isDirty = false
    }
    const { bytes, isLinked } = await this.#attempt('look at', () => this.#file.condition())
    if (bytes === this.#bytes && isLinked) return
    const what = isLinked ? `has ${bytes} bytes instead of ${this.#bytes}` : 'was removed'
    this.#end = new AuditError('audit.broken', `${this.#file.path} ${what}: somebody else was there`)
    throw this.#end
  }

  /** @throws AuditError audit.unwritable, audit.broken; nothing of `content` holds then */
  async put(content: Uint8Array): Promise<void> {
    this.#isDirty = true
    await this.#attempt('write', () => this.#file.append(content))
    await this.#sync()
    this.#isDirty = false
    this.#bytes += content.length
  }

  /**
   * Goes on with the next file, which is empty.
   * @throws AuditError audit.unwritable; it is then still at the end of the file before
   */
  async rotate(): Promise<void> {
    const name = fileName(this.#number + 1)
    const next = await this.#attempt('make the file after', () => this.#made(name))
    await this.#file.close()
    this.#file = next
    this.#number++
    this.#bytes = 0
    // One that was there is empty, or `prepare` finds it is not ours.
    await this.prepare()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  /** An attempt that failed half-way may have left the file. */
  async #made(name: string): Promise<LogFile> {
    try {
      return await this.#directory.create(name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      return this.#directory.open(name)
    }
  }

  async #sync(): Promise<void> {
    if (this.#afterFailedSync === 'rewind') return this.#attempt('sync', () => this.#file.sync())
    try {
      await this.#file.sync()
    } catch (error) {
      const message = `cannot sync ${this.#file.path}: what is on the disk is not known any more`
      this.#end = new AuditError('audit.broken', message, { cause: error })
      throw this.#end
    }
  }

  async #attempt<Result>(verb: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw new AuditError('audit.unwritable', `cannot ${verb} ${this.#file.path}`, { cause: error })
    }
  }
}
