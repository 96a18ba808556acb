// A CA and what it signs, made on the spot by the openssl command, in a directory of their own.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** PEM, both; the files are `NAME.pem` and `NAME.key`. */
export interface Credential {
  readonly cert: string
  readonly key: string
}

export class TestPki {
  readonly directory = mkdtempSync(join(tmpdir(), 'iose-pki-'))
  /** PEM of the CA, also in `ca.pem`. */
  readonly ca: string
  /** For localhost and 127.0.0.1. */
  readonly server: Credential
  readonly client: Credential

  constructor() {
    const authority = ['-x509', '-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.pem']
    this.#openssl('req', ...NEW_KEY, ...authority)
    this.ca = this.#read('ca.pem')
    this.server = this.issue('server', 'DNS:localhost,IP:127.0.0.1')
    this.client = this.issue('client', 'DNS:client')
  }

  /** @param names  as openssl writes them */
  issue(file: string, names: string): Credential {
    const [signer, out] = [
      ['-x509', '-CA', 'ca.pem', '-CAkey', 'ca.key'],
      ['-keyout', `${file}.key`, '-out', `${file}.pem`],
    ]
    const subject = ['-subj', `/CN=${file}`, '-addext', `subjectAltName=${names}`]
    this.#openssl('req', ...NEW_KEY, ...signer, ...out, ...subject, '-addext', 'basicConstraints=CA:FALSE')
    return this.#credential(file)
  }

  /** For localhost, long expired. */
  expired(): Credential {
    writeFileSync(join(this.directory, 'index'), '')
    writeFileSync(join(this.directory, 'ca.cnf'), CA_CONFIG)
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    this.#openssl('req', ...NEW_KEY, '-keyout', 'expired.key', '-out', 'expired.csr', ...names)
    const dates = ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z']
    const files = ['-config', 'ca.cnf', '-in', 'expired.csr', '-out', 'expired.pem']
    this.#openssl('ca', '-batch', '-notext', ...dates, ...files)
    return this.#credential('expired')
  }

  remove(): void {
    rmSync(this.directory, { recursive: true })
  }

  #credential(file: string): Credential {
    return { cert: this.#read(`${file}.pem`), key: this.#read(`${file}.key`) }
  }

  #read(file: string): string {
    return readFileSync(join(this.directory, file), 'utf8')
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.directory, stdio: ['ignore', 'ignore', 'pipe'] })
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'] as const

const CA_CONFIG = `[ca]
default_ca = here
[here]
database = index
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
`
