// `iose pki` as its users run it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { CertificateRow } from '../../src/pki/authority.ts'
import { modeOf, temporaryDirectory } from '../support/pki.ts'

const IOSE = join(import.meta.dirname, '../../dist/bin/iose.js')

interface Said {
  readonly exitCode: unknown
  readonly stdout: string
  readonly stderr: string
}

async function run(command: string, args: readonly string[], cwd: string): Promise<Said> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
  const [exitCode] = (await once(child, 'close')) as [unknown]
  return { exitCode, ...said }
}

/** A directory to work in, and `iose pki` there with the state in `state`. */
function place(): { directory: string; pki: (...args: string[]) => Promise<Said> } {
  const directory = temporaryDirectory()
  const pki = (...args: string[]) =>
    run(process.execPath, [IOSE, 'pki', ...args, '--state-dir', 'state'], directory)
  return { directory, pki }
}

async function rowsOf(pki: (...args: string[]) => Promise<Said>): Promise<CertificateRow[]> {
  return JSON.parse((await pki('list', '--json')).stdout) as CertificateRow[]
}

test('iose pki: from init to revoke, with what comes next', async () => {
  const { directory, pki } = place()
  const init = await pki('init')
  assert.deepEqual([init.exitCode, init.stderr], [0, ''])
  assert.match(init.stdout, /'iose CA' in .*state\/pki[^]*Next: iose pki server --state-dir state\n/)
  const server = await pki('server')
  const names = `localhost, 127.0.0.1, ::1, ${hostname()}`
  assert.ok(server.stdout.startsWith(`Certified the gateway as ${names}: `), server.stdout)
  const client = await pki('client', 'alice')
  assert.deepEqual([client.exitCode, client.stderr], [0, ''])
  assert.match(client.stdout, /state\/users\.toml/)
  const users = '\n\n[users.alice]\ncn = "alice"\nrole = "user"\nseids = ["sim1"]\n'
  assert.ok(client.stdout.endsWith(users), client.stdout)
  assert.deepEqual(readdirSync(directory).sort(), ['alice.key', 'alice.pem', 'ca.pem', 'state'])
  const revoke = await pki('revoke', 'alice')
  assert.match(revoke.stdout, /^Revoked alice[^]*SIGHUP/)
  const [ca, gateway, alice] = await rowsOf(pki)
  assert.deepEqual([ca?.kind, gateway?.kind, alice?.status], ['ca', 'server', 'revoked'])
  const table = (await pki('list', '--quiet')).stdout.split('\n')
  assert.match(table[0] ?? '', /^STATUS +KIND +NAME +UNTIL +SERIAL$/)
  assert.match(table[3] ?? '', /^revoked +client +alice +\d{4}-\d\d-\d\d +[0-9a-f]{32}$/)
})

test('iose pki: options say where, what sort of key, which hosts, and quiet says nothing', async () => {
  const { directory, pki } = place()
  assert.deepEqual(await pki('init', '--name', 'Test CA', '--quiet'), { exitCode: 0, stdout: '', stderr: '' })
  const hosts = ['--host', 'gateway.example', '--host=192.0.2.1']
  const server = await pki('server', ...hosts, '--rsa')
  assert.match(server.stdout, /gateway\.example, 192\.0\.2\.1/)
  const client = await pki('client', 'a.b@c', '--out', 'x/y')
  assert.match(client.stdout, /\[users\."a\.b@c"\]\ncn = "a\.b@c"/)
  assert.deepEqual(readdirSync(join(directory, 'x/y')).sort(), ['a.b@c.key', 'a.b@c.pem', 'ca.pem'])
  assert.deepEqual(
    (await rowsOf(pki)).map(({ name }) => name),
    ['Test CA', 'gateway.example', 'a.b@c'],
  )
  const config = join(directory, 'gateway.toml')
  writeFileSync(config, '[gateway]\nname = "west"\nstate_dir = "elsewhere"\n')
  const init = await run(process.execPath, [IOSE, 'pki', 'init', '--config', config], directory)
  assert.match(init.stdout, /'west CA' in .*elsewhere\/pki[^]*iose pki server --config .*gateway\.toml\n/)
})

test('iose pki: a wrong call is 64, a refusal 1, damaged files 78, each with what to do', async () => {
  const { directory, pki } = place()
  const check = async (args: string[], exitCode: number, stderr: RegExp) => {
    const said = await pki(...args)
    assert.deepEqual([said.exitCode, said.stdout], [exitCode, ''], said.stderr)
    assert.match(said.stderr, stderr)
    assert.doesNotMatch(said.stderr, /PRIVATE KEY| at .*\.js/)
  }
  await check(['client', 'alice'], 78, /no .*ca\.pem\nNext: iose pki init --state-dir state/)
  await pki('init')
  await check(['init'], 1, /there is an authority[^]*Next: /)
  await check(['lst'], 64, /'pki lst'; there are init, server, client, revoke, list/)
  await check([], 64, /command/)
  await check(['list', '--jsn'], 64, /'--jsn'/)
  await check(['list', '--rsa'], 64, /'--rsa'/)
  await check(['init', 'x'], 64, /unexpected argument 'x'/)
  await check(['client'], 64, /NAME is missing/)
  await check(['client', 'a', 'b'], 64, /unexpected argument 'b'/)
  await check(['client', '../x'], 64, /"\.\.\/x" cannot be a user's name/)
  await check(['client', ''], 64, /"" cannot be/)
  await check(['server', '--host', 'a b'], 64, /'a b' is neither/)
  await check(['revoke', 'alice'], 1, /no certificate was issued to 'alice'\nNext: iose pki list/)
  await pki('client', 'alice')
  await check(['client', 'alice', '--out', 'o'], 1, /valid until [^]*Next: iose pki revoke alice/)
  await check(['list', '--config', 'nowhere.toml'], 78, /nowhere\.toml/)
  writeFileSync(join(directory, 'state/pki/ca.key'), '-----BEGIN PRIVATE KEY-----\nMIGH\n')
  await check(['client', 'bob'], 78, /ca\.key is not a private key in PEM\nNext: /)
  rmSync(join(directory, 'state/pki/index.json'))
  await check(['list'], 78, /Next: /)
  assert.ok(!existsSync(join(directory, 'bob.key')))
})

test('iose pki: keys are for their owner alone under every umask, what is public is readable', async () => {
  for (const umask of ['0', '077']) {
    const directory = temporaryDirectory()
    const commands = ['init', 'server', 'client alice'].map(
      (command) => `"$0" "$1" pki ${command} --quiet --state-dir state`,
    )
    const script = `umask ${umask} && ${commands.join(' && ')}`
    const { exitCode, stderr } = await run('sh', ['-c', script, process.execPath, IOSE], directory)
    assert.deepEqual([exitCode, stderr], [0, ''])
    const modes = (...names: string[]) => names.map((name) => modeOf(join(directory, name)))
    const secret = modes('alice.key', 'state/pki/ca.key', 'state/pki/server.key', 'state/pki/index.json')
    assert.deepEqual(secret, ['600', '600', '600', '600'])
    const open = modes('alice.pem', 'ca.pem', 'state/pki/server.pem', 'state/pki/crl.pem')
    assert.deepEqual(open, ['644', '644', '644', '644'])
    assert.deepEqual(modes('state/pki', 'state'), ['700', '700'])
  }
})

test('iose pki: processes that run at once all get into the index', async () => {
  const { directory, pki } = place()
  await pki('init')
  const names = ['alice', 'bob', 'carol', 'dave']
  const said = await Promise.all(names.map((name) => pki('client', name, '--quiet')))
  assert.deepEqual(said, Array(4).fill({ exitCode: 0, stdout: '', stderr: '' }))
  const issued = (await rowsOf(pki)).map(({ name }) => name)
  assert.deepEqual(issued.slice(1).sort(), names)
  await Promise.all(names.map((name) => pki('revoke', name)))
  assert.ok((await rowsOf(pki)).slice(1).every(({ status }) => status === 'revoked'))
  assert.deepEqual(readdirSync(join(directory, 'state/pki')).sort(), [
    'ca.key',
    'ca.pem',
    'crl.pem',
    'index.json',
  ])
  const twins = await Promise.all([pki('client', 'eve', '--out', 'a'), pki('client', 'eve', '--out', 'b')])
  assert.deepEqual(twins.map(({ exitCode }) => Number(exitCode)).sort(), [0, 1])
})

test('iose pki: X.509 is loaded when something is signed, not before', async () => {
  const script = `
    import { createRequire } from 'node:module'
    const { Authority } = await import(process.argv[1])
    const isLoaded = () => typeof Reflect.getMetadata === 'function' ||
      Object.keys(createRequire(process.argv[1]).cache).some((path) => path.includes('@peculiar'))
    const said = [isLoaded()]
    const authority = await Authority.open(process.argv[2])
    await authority.list(new Date())
    said.push(isLoaded())
    await authority.issueServer({ hosts: ['localhost'], algorithm: 'ec', now: new Date() })
    said.push(isLoaded())
    console.log(said.join())`
  const { directory, pki } = place()
  await pki('init')
  const module = new URL('../../dist/pki/authority.js', import.meta.url).href
  const args = ['--input-type=module', '-e', script, module, join(directory, 'state/pki')]
  const { stdout, stderr } = await run(process.execPath, args, directory)
  assert.deepEqual([stdout, stderr], ['false,false,true\n', ''])
})

test('iose pki: --help shows every command and an example, and iose --help shows pki', async () => {
  const { directory, pki } = place()
  const help = await pki('--help')
  assert.deepEqual([help.exitCode, help.stderr], [0, ''])
  for (const word of ['init', 'server', 'client NAME', 'revoke NAME', 'list', '--rsa', 'Example: '])
    assert.ok(help.stdout.includes(word), word)
  const { stdout } = await run(process.execPath, [IOSE, '--help'], directory)
  assert.match(stdout, /^ {2}pki +\S/m)
})
