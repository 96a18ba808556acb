// A certificate authority of the openssl program, for tests: independent of the one that we ship.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Issue {
  /** Subject, `/CN=name` when left out. */
  readonly subject?: string
  /** ISO dates; a year from now when left out. */
  readonly from?: Date
  readonly until?: Date
  readonly key?: 'ec' | 'rsa'
  /** Alternative names as openssl writes them; those of this machine when left out. */
  readonly names?: string
}

export class TestCa implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'test-ca-'))

  constructor(name = 'test CA') {
    for (const [file, text] of Object.entries({ 'index.txt': '', serial: '1000\n', crlnumber: '01\n' })) {
      writeFileSync(join(this.directory, file), text)
    }
    writeFileSync(join(this.directory, 'openssl.cnf'), configOf(this.directory))
    this.#openssl('req', '-x509', ...KEY.ec, '-nodes', ...['-keyout', 'ca.key', '-out', 'ca.pem'], [
      ...['-subj', `/CN=${name}`, '-days', '30', '-config', 'openssl.cnf', '-extensions', 'root'],
    ])
    this.writeCrl()
  }

  /** Makes NAME.pem and NAME.key. */
  issue(name: string, issue: Issue = {}): this {
    const { subject = `/CN=${name}`, from, until, key = 'ec', names = LOCAL_NAMES } = issue
    this.#openssl('req', ...KEY[key], '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, [
      ...['-subj', subject, '-config', 'openssl.cnf', '-addext', `subjectAltName=${names}`],
    ])
    this.#openssl('ca', '-batch', '-notext', '-config', 'openssl.cnf', [
      ...['-in', `${name}.csr`, '-out', `${name}.pem`, '-extensions', 'leaf'],
      ...['-startdate', dateOf(from ?? new Date(Date.now() - DAY_MS))],
      ...['-enddate', dateOf(until ?? new Date(Date.now() + 30 * DAY_MS))],
    ])
    return this
  }

  revoke(name: string): this {
    this.#openssl('ca', '-config', 'openssl.cnf', '-revoke', `${name}.pem`)
    this.writeCrl()
    return this
  }

  writeCrl(): void {
    this.#openssl('ca', '-config', 'openssl.cnf', '-gencrl', '-crldays', '30', '-out', 'crl.pem')
  }

  path(file: string): string {
    return join(this.directory, file)
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8')
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true })
  }

  #openssl(...args: (string | string[])[]): void {
    const { status, stderr, error } = spawnSync('openssl', args.flat(), { cwd: this.directory })
    if (error !== undefined) throw error
    if (status !== 0) throw new Error(`openssl ${args.flat().join(' ')}: ${stderr.toString()}`)
  }
}

/** One for all tests of a process: a server `server`, and clients by the names that the transcripts use. */
export function sharedCa(): TestCa {
  if (shared === undefined) {
    const made = new TestCa()
    shared = made
    for (const name of ['server', 'client', 'client2', 'alluser', 'stranger', 'operator']) made.issue(name)
    process.on('exit', () => made[Symbol.dispose]())
  }
  return shared
}

let shared: TestCa | undefined

function dateOf(date: Date): string {
  return date.toISOString().replace(/[-:T]|\.\d+/g, '')
}

function configOf(directory: string): string {
  return `[ca]
default_ca = authority
[authority]
database = ${directory}/index.txt
serial = ${directory}/serial
crlnumber = ${directory}/crlnumber
new_certs_dir = ${directory}
certificate = ${directory}/ca.pem
private_key = ${directory}/ca.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
crl_extensions = crl
[any]
commonName = supplied
organizationName = optional
[req]
distinguished_name = dn
prompt = no
[dn]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[crl]
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`
}

const KEY = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
}
const LOCAL_NAMES = 'DNS:localhost,IP:127.0.0.1,IP:::1'
const DAY_MS = 86_400_000
