import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { Deb, isBuildMissing, run } from '../support/deb.ts'
import { isMissing } from '../support/peers.ts'

const skip = isBuildMissing('amd64')

/** Built once for all tests. */
let deb: Deb
before(() => {
  if (skip === false) deb = new Deb('amd64')
})
after(() => {
  if (skip === false) deb[Symbol.dispose]()
})

/** What a script prints under the Node.js of the package, run where the package has its modules. */
function underBundledNode(...args: string[]): string {
  return run(join(deb.root, PROGRAM, 'bin/node'), args, join(deb.root, PROGRAM)).trim()
}

test('deb: its directories are those of the layout, and no others', { skip }, () => {
  const directories = new Set(
    deb
      .members()
      .filter(({ mode }) => !mode.startsWith('d'))
      .map(({ path }) => dirname(path).replace(/^(usr\/lib\/iose-gateway\/[^/]+)\/.*$/, '$1')),
  )
  assert.deepEqual([...directories].sort(), DIRECTORIES)
})

test('deb: everything is of root, nothing is writable by others, and only programs run', { skip }, () => {
  const members = deb.members()
  assert.deepEqual(new Set(members.map(({ owner }) => owner)), new Set(['root/root']))
  assert.deepEqual(
    new Set(members.map(({ mode }) => mode)),
    new Set(['drwxr-xr-x', '-rw-r--r--', '-rwxr-xr-x']),
  )
  const programs = members.filter(({ mode }) => mode === '-rwxr-xr-x').map(({ path }) => path)
  assert.deepEqual(programs.sort(), ['usr/bin/iose', `${PROGRAM}/bin/node`, 'usr/sbin/iosed'])
})

test('deb: modules are those of the lockfile for production, each with its licence', { skip }, () => {
  const paths = new Set(deb.members().map(({ path }) => path))
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
  for (const [folder, entry] of Object.entries(lock.packages)) {
    if (folder === '') continue
    const isElsewhere = entry.cpu !== undefined && (entry.cpu[0] !== 'x64' || entry.os?.[0] !== 'linux')
    const isForBuilding = entry.dev === true || entry.devOptional === true || HEADERS.has(folder)
    assert.equal(paths.has(`${PROGRAM}/${folder}`), !isForBuilding && !isElsewhere, folder)
    if (isForBuilding || isElsewhere) continue
    const files = [...paths].filter((path) => dirname(path) === `${PROGRAM}/${folder}`)
    assert.ok(
      files.some((path) => /\/(licen[sc]e|copying)/i.test(path)),
      `${folder} has a licence`,
    )
  }
})

test('deb: no sources, types, maps, documents or tests of anybody', { skip }, () => {
  const left = deb
    .members()
    .map(({ path }) => path)
    .filter(
      (path) =>
        path.startsWith(PROGRAM) &&
        !/licen[sc]e/i.test(path) &&
        /\.([cm]?ts|map|md|cc?|cpp|hh?|gyp|o|mk|tsbuildinfo)$/.test(path),
    )
  assert.deepEqual(left, [])
})

test('deb: the configuration is a conffile: the default, and where the service has its state', {
  skip,
}, () => {
  assert.equal(readFileSync(join(deb.control, 'conffiles'), 'utf8'), '/etc/iose/gateway.toml\n')
  const shipped = readFileSync(join(deb.root, 'etc/iose/gateway.toml'), 'utf8')
  const printed = underBundledNode('dist/bin/iosed.js', '--print-default-config')
  const line = /^# (state_dir = "\/var\/lib\/iose") .*$/m
  assert.match(printed, line)
  assert.match(
    shipped,
    /^state_dir = "\/var\/lib\/iose" +# where the service has it; iose finds it here, too$/m,
  )
  assert.equal(shipped.trim().replace(/^state_dir = .*$/m, ''), printed.replace(line, ''))
})

test('deb: each board has its overlay, compiled, where the doctor looks for it', { skip }, () => {
  const hardware = join(deb.root, PROGRAM, 'hardware')
  const boards = readdirSync(join(hardware, 'boards')).map((file) => file.replace(/\.toml$/, ''))
  assert.deepEqual(boards, ['hat-rev-a'])
  const file = join(hardware, 'overlay/iose-hat-rev-a.dtbo')
  assert.deepEqual(readdirSync(dirname(file)), ['iose-hat-rev-a.dtbo'])
  const source = run('dtc', ['-I', 'dtb', '-O', 'dts', file])
  assert.match(source, /clock-frequency = <0x61a80>/)
  assert.match(source, /__fixups__ \{/)
})

test('deb: it depends on systemd and on the libraries that its binaries name', { skip }, () => {
  assert.deepEqual(
    deb
      .field('Depends')
      .split(', ')
      .map((dependency) => dependency.replace(/^(libc6 \(>= 2\.)\d+\)$/, '$1x)')),
    [
      'libc6 (>= 2.x)',
      'libgcc-s1 (>= 12)',
      'libpcsclite1 (>= 1.9)',
      'libstdc++6 (>= 12)',
      'systemd (>= 252)',
    ],
  )
  assert.equal(deb.field('Recommends'), 'pcscd, polkitd, udev')
})

test('deb: lintian has nothing to say', { skip: skip || isMissing('lintian', '--version') }, () => {
  const flags = ['--allow-root', '--tag-display-limit', '0', '--fail-on', 'none']
  const said = run('lintian', [...flags, deb.file])
    .trim()
    .split('\n')
    .filter(Boolean)
  assert.deepEqual(
    said.filter((line) => !line.startsWith('running with root')),
    [],
  )
})

test('deb: shellcheck has nothing to say', { skip: skip || isMissing('shellcheck', '--version') }, () => {
  for (const script of ['postinst', 'prerm', 'postrm'])
    run('shellcheck', ['-s', 'sh', join(deb.control, script)])
  for (const wrapper of ['usr/bin/iose', 'usr/sbin/iosed']) run('shellcheck', [join(deb.root, wrapper)])
  run('shellcheck', ['-x', 'scripts/build-deb'])
})

test('deb: its Node.js makes and takes TLS connections', { skip }, () => {
  assert.match(underBundledNode('--version'), /^v24\./)
  assert.equal(underBundledNode('--disable-sigusr1', '-e', TLS_ECHO), 'TLSv1.3 hello')
})

test('deb: every addon loads under its Node.js', { skip }, () => {
  for (const addon of ADDONS) underBundledNode('-e', 'require(process.argv[1])', addon)
  const built = deb.members().filter(({ path }) => path.endsWith('.node'))
  assert.equal(built.length, 6)
})

test('deb: every module that the program loads is there', { skip }, () => {
  const files = deb.members().filter(({ path }) => /^usr\/lib\/iose-gateway\/dist\/.*\.js$/.test(path))
  const texts = files.map(({ path }) => readFileSync(join(deb.root, path), 'utf8')).join('\n')
  const names = new Set([...texts.matchAll(PACKAGE_NAMED)].map(([, still, lazily]) => still ?? lazily ?? ''))
  assert.ok(names.has('pino') && names.has('@peculiar/x509'), [...names].join(' '))
  assert.equal(underBundledNode('-e', LOAD, ...names), 'loaded')
})

test('deb: gateway and tool start from where it is unpacked', { skip }, () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  assert.equal(underBundledNode('dist/bin/iosed.js', '--version'), version)
  assert.match(underBundledNode('dist/bin/iose.js', '--help'), /^Usage: iose /)
  assert.equal(deb.field('Version'), version.replace('-', '~'))
})

interface Lock {
  readonly packages: Record<string, { dev?: boolean; devOptional?: boolean; cpu?: string[]; os?: string[] }>
}

const PROGRAM = 'usr/lib/iose-gateway'
const ADDONS = ['epoll', 'i2c-bus', 'koffi', 'onoff', 'pcsclite', 'smartcard', 'spi-device']
/** Packages that only compile something. */
const HEADERS = new Set(['node_modules/nan', 'node_modules/node-addon-api'])

const DIRECTORIES = [
  'etc/iose',
  'usr/bin',
  'usr/lib/iose-gateway',
  'usr/lib/iose-gateway/bin',
  'usr/lib/iose-gateway/dist',
  'usr/lib/iose-gateway/hardware',
  'usr/lib/iose-gateway/node_modules',
  'usr/lib/modules-load.d',
  'usr/lib/systemd/system',
  'usr/lib/sysusers.d',
  'usr/lib/tmpfiles.d',
  'usr/lib/udev/rules.d',
  'usr/sbin',
  'usr/share/bash-completion/completions',
  'usr/share/doc/iose-gateway',
  'usr/share/doc/iose-gateway/docs',
  'usr/share/lintian/overrides',
  'usr/share/man/man1',
  'usr/share/man/man5',
  'usr/share/man/man8',
  'usr/share/polkit-1/rules.d',
]

/** A pre-shared key, so that no certificate is needed. */
const TLS_ECHO = `
const tls = require('node:tls')
const key = Buffer.alloc(32, 7)
const server = tls.createServer({ ciphers: 'TLS_AES_128_GCM_SHA256:PSK', pskCallback: () => key }, (socket) => socket.pipe(socket))
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  const client = tls.connect({ port, host: '127.0.0.1', ciphers: 'TLS_AES_128_GCM_SHA256:PSK', checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: key, identity: 'x' }) })
  client.on('secureConnect', () => client.write('hello'))
  client.on('data', (bytes) => { console.log(client.getProtocol(), String(bytes)); client.destroy(); server.close() })
})`

/** What comes behind `import` or `from`, and is no file of ours. */
const PACKAGE_NAMED = /(?:\bfrom |\bimport )'([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/g

const LOAD = `
const load = async ([name, ...rest]) => {
  if (name === undefined) return console.log('loaded')
  await import(name.startsWith('node:') ? name : require.resolve(name, { paths: [process.cwd()] }))
  await load(rest)
}
import('reflect-metadata').then(() => load(process.argv.slice(1)))`
