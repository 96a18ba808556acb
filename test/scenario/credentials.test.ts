// Keys that systemd hands over as credentials: what the gateway takes, and what it says when they do not fit.

import assert from 'node:assert/strict'
import { exec } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { sharedCa, TestCa } from '../support/certificates.ts'
import { Gateway, makeState } from '../support/gateway.ts'
import { RacsPeer } from '../support/racs-plane.ts'

/** A gateway whose keys are credentials and nothing else. */
async function protectedGateway(): Promise<{
  gateway: Gateway
  credentials: string
  file: (name: string) => string
}> {
  await using first = await Gateway.start()
  const file = (name: string): string => join(first.stateDir, 'pki', name)
  const credentials = join(first.stateDir, '../credentials')
  mkdirSync(credentials)
  renameSync(file('server.key'), join(credentials, 'racs-key'))
  renameSync(file('audit.key'), join(credentials, 'audit-key'))
  // As systemd 257 makes them, with an access control list.
  for (const name of ['racs-key', 'audit-key']) chmodSync(join(credentials, name), 0o440)
  const gateway = await first.restart('SIGTERM', { CREDENTIALS_DIRECTORY: credentials })
  return { gateway, credentials, file }
}

test('credentials: both keys are taken, no other is made, and their modes are no reason for a warning', async () => {
  const made = await protectedGateway()
  await using gateway = made.gateway
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  assert.deepEqual(await racs.ask('ECHO same'), ['+009 001 same'])
  for (const event of ['racs.key-exposed', 'audit.key-exposed', 'audit.key-created', 'pki.created'])
    assert.deepEqual(gateway.all(event), [], event)
  assert.deepEqual([existsSync(made.file('server.key')), existsSync(made.file('audit.key'))], [false, false])
})

test('credentials: a new certificate is refused at SIGHUP with what makes its key the credential', async () => {
  const { gateway: running, file } = await protectedGateway()
  await using gateway = running
  using ca = new TestCa()
  ca.issue('server')
  copyFileSync(ca.path('server.pem'), file('server.pem'))
  gateway.signal('SIGHUP')
  const alone = await gateway.logged('config.reload-failed')
  assert.match(String(alone['cause']), /racs-key is not the key of .*server\.pem; bring back the certificate/)
  copyFileSync(ca.path('server.key'), file('server.key'))
  gateway.signal('SIGHUP')
  const both = await gateway.logged('config.reload-failed', {
    cause: /--replace && sudo systemctl restart iosed/,
  })
  assert.match(String(both['cause']), /server\.key is: `sudo iose protect-keys --replace/)
})

test('credentials: a key without its certificate is not given another one by a first start', async () => {
  const { gateway, credentials, file } = await protectedGateway()
  await using last = gateway
  await last.stop()
  for (const name of ['../users.toml', 'server.pem']) rmSync(file(name))
  const said = await refusal(last, credentials)
  assert.match(said, /there is a credential racs-key, and no .*server\.pem: bring back the certificate/)
  assert.deepEqual([existsSync(file('server.key')), existsSync(file('server.pem'))], [false, false])
  makeState(last.stateDir)
  rmSync(file('server.pem'))
  assert.match(await refusal(last, credentials), /sudo rm .*credstore\.encrypted\/racs-key/)
})

test('credentials: a gateway that is started without them says who hands them over', async () => {
  const { gateway, file } = await protectedGateway()
  await using last = gateway
  await last.stop()
  assert.match(
    await refusal(last),
    /cannot read .*server\.key; .*`sudo systemctl restart iosed` hands it over/,
  )
  copyFileSync(sharedCa().path('server.key'), file('server.key'))
  assert.match(
    await refusal(last),
    /bring back the key of the log.*; if it is a credential: `systemctl start iosed`/,
  )
})

/** What it says when it does not start. */
async function refusal(gateway: Gateway, credentials = ''): Promise<string> {
  const env = { ...process.env, CREDENTIALS_DIRECTORY: credentials }
  const { stdout } = await promisify(exec)(`${gateway.commandLine} 2>&1; echo exit $?`, { env })
  assert.match(stdout, /exit 78\n$/)
  return stdout.replaceAll('\n', ' ')
}
