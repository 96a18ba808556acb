// From a first start to an administrator with rights of an own, by the commands that the README shows.

import assert from 'node:assert/strict'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { iose } from '../support/iose.ts'
import { askOnce } from '../support/peers.ts'

test('a user with a certificate of `iose pki` lists, runs a script, and is refused what is not his', async () => {
  await using first = await Gateway.start()
  rmSync(first.stateDir, { recursive: true })
  await using gateway = await first.restart('SIGTERM')
  const state = ['--state-dir', gateway.stateDir]
  const out = join(gateway.stateDir, 'alice')
  const place = ['--gateway', `127.0.0.1:${gateway.racsPort}`]
  const alice = [...place, '--cert', join(out, 'alice.pem')]

  // The operator of the development certificates needs no flags but the place.
  assert.equal((await iose(['racs', 'list', ...place, ...state])).stdout, 'sim1\nsim2\nsim3\nsim4\nsim5\n')
  assert.equal((await iose(['pki', 'client', 'alice', '--out', out, ...state])).exitCode, 0)
  const nothing = await iose(['racs', 'list', ...alice])
  assert.deepEqual([nothing.exitCode, nothing.stdout], [0, ''])
  appendFileSync(
    join(gateway.stateDir, 'users.toml'),
    '[users.alice]\ncn = "alice"\nseids = ["sim1", "sim5"]\n',
  )
  gateway.signal('SIGHUP')
  await gateway.logged('config.reloaded')
  assert.equal((await iose(['racs', 'list', ...alice])).stdout, 'sim1\nsim5\n')

  const script = join(gateway.stateDir, 'script')
  const lines = [
    'APDU sim1 00A4040006010203040500 CONTINUE=9000',
    'APDU sim1 0087000000 MORE=61 APPEND',
    'APDU sim5 00A4040000 CONTINUE=9000 MORE=61 FETCH=00C00000 APPEND',
    'GET-SEN sim1',
  ]
  writeFileSync(script, `${lines.join('\n')}\n`)
  const { exitCode, stdout, stderr } = await iose(['racs', 'run', script, ...alice])
  assert.equal(exitCode, 0, stderr)
  assert.match(
    stdout,
    /^\+006 002 [0-9A-F]+\n\+006 003 6F[0-9A-F]+9000\n\+011 004 key1\.com \[AID= default\]\n$/,
  )

  const refused = await iose(['racs', 'apdu', 'sim2', '00A4040000', ...alice])
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /refused: not authorised \(-608\)/)

  assert.equal((await iose(['racs', 'sen', 'sim1', 'vault.com', ...alice])).exitCode, 0)
  assert.equal(await askOnce(gateway.port, 'vault.com'), 'hello')

  assert.equal((await iose(['pki', 'revoke', 'alice', ...state])).exitCode, 0)
  gateway.signal('SIGHUP')
  await gateway.loggedTimes(2, 'config.reloaded')
  const revoked = await iose(['racs', 'list', ...alice])
  assert.equal(revoked.exitCode, 1)
  assert.match(revoked.stderr, /CERT_REVOKED/)
})

test('the console of a gateway: SEIDs, raw APDUs, refusals and the worst exit code', async () => {
  await using gateway = await Gateway.start()
  const flags = [
    '--gateway',
    `127.0.0.1:${gateway.racsPort}`,
    '--cert',
    join(gateway.stateDir, 'pki/operator.pem'),
  ]
  rmSync(join(gateway.stateDir, 'pki'), { recursive: true })
  // Its key was in pki/.
  rmSync(join(gateway.stateDir, 'audit'), { recursive: true })
  rmSync(join(gateway.stateDir, 'users.toml'))
  await using fresh = await gateway.restart('SIGTERM')
  flags[1] = `127.0.0.1:${fresh.racsPort}`
  const input = 'list\nuse sim1\n00A4040006010203040500\npoweron sim9\nget-sen sim1\nquit\n'
  const { exitCode, stdout } = await iose(['racs', 'console', ...flags], { input })
  assert.match(stdout, /\+004 001 sim1 sim2 sim3 sim4 sim5\n[^]*\+006 001 9000/)
  assert.match(stdout, /-608 001 [^]*\+011 001 key1\.com/)
  assert.equal(exitCode, 1)
})
