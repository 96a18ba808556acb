// The credentials that the tests of clients need, in memory and in files.

import { type Issue, TestCa } from './certificates.ts'

/** PEM, both; the files are `NAME.pem` and `NAME.key`. */
export interface Credential {
  readonly cert: string
  readonly key: string
}

export class TestPki {
  readonly #authority = new TestCa('Test CA')
  readonly directory = this.#authority.directory
  /** PEM of the CA, also in `ca.pem`. */
  readonly ca = this.#authority.read('ca.pem')
  /** For localhost and 127.0.0.1. */
  readonly server = this.issue('server', 'DNS:localhost,IP:127.0.0.1')
  readonly client = this.issue('client', 'DNS:client')

  /** @param names  as openssl writes them */
  issue(file: string, names: string, dates: Issue = {}): Credential {
    this.#authority.issue(file, { names, ...dates })
    return { cert: this.#authority.read(`${file}.pem`), key: this.#authority.read(`${file}.key`) }
  }

  /** For localhost, long expired. */
  expired(): Credential {
    const dates = { from: new Date('2020-01-01'), until: new Date('2020-01-02') }
    return this.issue('expired', 'DNS:localhost,IP:127.0.0.1', dates)
  }

  remove(): void {
    this.#authority[Symbol.dispose]()
  }
}
