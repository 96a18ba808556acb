import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { loadProfile, parseProfile, profileFileOf } from '../../src/config/profile.ts'

const directory = mkdtempSync(join(tmpdir(), 'iose-profile-'))
after(() => rmSync(directory, { recursive: true }))

const FILE = `default_profile = "home"
[profiles.home]
gateway = "gateway.example:7777"
cert = "me.pem"
key = "/keys/me.key"
ca = "../ca.pem"
servername = "gose"
[profiles.lab]
gateway = "[::1]:1"
`

test('profile: the default one is taken unless another is named; paths start at the file', () => {
  assert.deepEqual(parseProfile(FILE, '/home/u/iose/config.toml'), {
    gateway: { host: 'gateway.example', port: 7777 },
    servername: 'gose',
    cert: '/home/u/iose/me.pem',
    key: '/keys/me.key',
    ca: '/home/u/ca.pem',
  })
  assert.deepEqual(parseProfile(FILE, '/f', 'lab').gateway, { host: '::1', port: 1 })
})

test('profile: no default, an empty file or no file is an empty profile', () => {
  assert.deepEqual(parseProfile('[profiles.a]\ncert = "x"', '/f'), {})
  assert.deepEqual(parseProfile('', '/f'), {})
  assert.deepEqual(loadProfile(undefined, { XDG_CONFIG_HOME: join(directory, 'nothing') }), {})
})

test('profile: the file is where XDG says', () => {
  assert.equal(profileFileOf({ XDG_CONFIG_HOME: '/x' }), '/x/iose/config.toml')
  assert.equal(profileFileOf({ XDG_CONFIG_HOME: '' }), join(homedir(), '.config/iose/config.toml'))
  const environment = { XDG_CONFIG_HOME: directory }
  mkdirSync(join(directory, 'iose'))
  writeFileSync(join(directory, 'iose/config.toml'), FILE)
  assert.equal(loadProfile('home', environment).cert, join(directory, 'iose/me.pem'))
})

const WRONG: Record<string, [toml: string, code: string, message: RegExp]> = {
  'no TOML': ['x =', 'config.invalid', /^f: line 1, column/],
  'an unknown key': ['default_profil = "a"', 'config.invalid', /^f: default_profil: .*'default_profile'/],
  'an unknown key of a profile': [
    '[profiles.a]\ncertt = "x"',
    'config.invalid',
    /^f: profiles\.a\.certt: unknown key; .*'cert'/,
  ],
  'a gateway without port': [
    '[profiles.a]\ngateway = "x"',
    'config.invalid',
    /profiles\.a\.gateway: found "x", expected an address/,
  ],
  'a profile that is no table': ['profiles.a = 1', 'config.invalid', /profiles\.a: found 1/],
  'a default that is not there': [
    'default_profile = "b"\n[profiles.a]',
    'config.invalid',
    /default_profile: found "b".*there are a$/,
  ],
  'a name that is not there': ['[profiles.a]', 'config.missing', /no profile 'wanted'; there are a$/],
  'a name that is not there, of every object': ['', 'config.missing', /there are none$/],
}

for (const [what, [toml, code, message]] of Object.entries(WRONG)) {
  test(`profile: ${what} is an error that says where and what`, () => {
    assert.throws(() => parseProfile(toml, 'f', 'wanted'), { code, message })
  })
}

test('profile: a named one without a file is missing', () => {
  const environment = { XDG_CONFIG_HOME: join(directory, 'nothing') }
  assert.throws(() => loadProfile('a', environment), { code: 'config.missing', message: /nothing\/iose/ })
  assert.throws(() => parseProfile('', 'f', 'constructor'), { code: 'config.missing' })
})
