// Tells when a file can be read, through the addon epoll: the only file that loads it. It waits on a thread of its own,
// none of the pool's. What its version 4.0.2 needs of its user, read in its source:
//   - an instance is never collected, and its close() in a call of its own frees what is running: so there is one
//     instance for all files, and it is not closed;
//   - a file must be removed before it is closed, or the next one of its number reports to the old one's listener;
//   - a call that is under way when a file is removed may reach the next file of its number: so a listener must
//     expect that there is nothing to read.

import addon from 'epoll'

const { Epoll } = addon

export class ReadableFiles {
  readonly #listeners = new Map<number, () => void>()
  readonly #epoll = new Epoll((_error, fd) => this.#listeners.get(fd)?.())

  /** Calls `listener` as long as there is something to read, until the file is removed; keeps the process running. */
  add(fd: number, listener: () => void): void {
    this.#epoll.add(fd, Epoll.EPOLLIN)
    this.#listeners.set(fd, listener)
  }

  /** Does nothing when the file is not among them. */
  remove(fd: number): void {
    if (this.#listeners.delete(fd)) this.#epoll.remove(fd)
  }
}
