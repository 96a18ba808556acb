// `iose gp` as its user runs it, against a gateway of its own.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sharedCa } from './certificates.ts'
import { Gateway } from './gateway.ts'
import { iose, type Said } from './iose.ts'

/** A blank element. @param more  of its table */
export function blank(seid: string, more = ''): string {
  return `[[slots]]\ndriver = "simulator"\nseid = "${seid}"\napplet = "none"\n${more}`
}

/** Flags for the keys that blank elements have. */
export function at(seid: string): string[] {
  return ['--seid', seid, '--test-keys']
}

/** What `iose gp list` prints of a blank element. */
export const DOMAIN = 'domain       A000000151000000                  OP_READY\n'

export const TEST_KEY = '404142434445464748494A4B4C4D4E4F'

export class GpBench implements AsyncDisposable {
  readonly gateway: Gateway
  readonly directory = mkdtempSync(join(tmpdir(), 'iose-gp-'))

  private constructor(gateway: Gateway) {
    this.gateway = gateway
  }

  /** @param toml  of the gateway, `[[slots]]` and all; the rest as for `Gateway.start` */
  static async start(toml: string, env: NodeJS.ProcessEnv = {}): Promise<GpBench> {
    return new GpBench(await Gateway.start(toml, env))
  }

  file(name: string, content?: string | Uint8Array): string {
    const path = join(this.directory, name)
    if (content !== undefined) writeFileSync(path, content, { mode: 0o600 })
    return path
  }

  /** `iose ...` with the credentials of the operator. */
  iose(args: readonly string[], { input = '', port = this.gateway.racsPort } = {}): Promise<Said> {
    return iose([...args, ...this.place(port)], { env: this.env, input })
  }

  /** Flags that lead to the gateway, with the credentials of the operator. */
  place(port = this.gateway.racsPort): string[] {
    const ca = sharedCa()
    const certificates = ['--cert', ca.path('operator.pem'), '--key', ca.path('operator.key')]
    return ['--gateway', `127.0.0.1:${port}`, ...certificates, '--ca', ca.path('ca.pem')]
  }

  /** Nothing of whoever runs the tests. */
  get env(): NodeJS.ProcessEnv {
    return { XDG_CONFIG_HOME: this.directory, XDG_STATE_HOME: this.directory }
  }

  gp(...args: string[]): Promise<Said> {
    return args[0] === 'demo-cap' ? iose(['gp', ...args]) : this.iose(['gp', ...args])
  }

  /** Checks that it is done, and says nothing on standard error. Returns what it prints. */
  async done(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.gp(...args)
    assert.deepEqual([exitCode, stderr], [0, ''], args.join(' '))
    return stdout
  }

  /** Checks that it ends with `exitCode`, and what it says on standard error; nothing may be on standard output. */
  async fails(exitCode: number, stderr: RegExp, ...args: string[]): Promise<void> {
    const said = await this.gp(...args)
    assert.equal(said.exitCode, exitCode, `${args.join(' ')}\n${said.stderr}`)
    assert.match(said.stderr, stderr)
    assert.equal(said.stdout, '')
  }

  /** The demo CAP, in a file. */
  async demoCap(): Promise<string> {
    const path = this.file('demo.cap')
    rmSync(path, { force: true })
    await this.done('demo-cap', path, '--quiet')
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    rmSync(this.directory, { recursive: true })
  }
}
