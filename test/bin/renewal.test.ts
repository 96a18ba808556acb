// The certificates of a first start are renewed before they end.

import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { RenewalWatch, renewCertificates } from '../../src/bin/iosed/renewal.ts'
import { Authority } from '../../src/pki/authority.ts'
import { makeDevelopmentPki, renewDevelopmentPki } from '../../src/pki/development.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { daysLater, fails, NOW, newAuthority, say, temporaryDirectory } from '../support/pki.ts'
import { RecordedLog } from '../support/recorded-log.ts'

const FILES = ['server.pem', 'operator.pem']

test('renewal: two months before the end, with the same key, names and beginning; openssl agrees', async () => {
  const { directory, read } = await developmentPki()
  assert.deepEqual(await renewDevelopmentPki(directory, daysLater(670)), [])
  const old = FILES.map(read)
  assert.deepEqual(
    await renewDevelopmentPki(directory, daysLater(671)),
    FILES.map((file) => join(directory, file)),
  )
  for (const [index, file] of FILES.entries()) {
    const [before, after] = [old[index], read(file)]
    assert.ok(before !== undefined)
    assert.ok(
      after.checkPrivateKey(createPrivateKey(readFileSync(join(directory, file.replace('.pem', '.key'))))),
    )
    assert.equal(after.validFrom, before.validFrom)
    assert.equal(Date.parse(after.validTo), daysLater(671 + 730).getTime())
    assert.equal(after.subject, before.subject)
    assert.equal(after.subjectAltName, before.subjectAltName)
    assert.deepEqual(after.keyUsage, before.keyUsage)
    assert.notEqual(after.serialNumber, before.serialNumber)
    const purpose = file === 'server.pem' ? 'sslserver' : 'sslclient'
    const verified = say(
      'openssl',
      ...['verify', '-x509_strict', '-crl_check', '-purpose', purpose, '-CAfile', join(directory, 'ca.pem')],
      ...['-CRLfile', join(directory, 'crl.pem'), join(directory, file)],
    )
    assert.ok(verified.isDone, verified.text)
  }
  assert.deepEqual(await renewDevelopmentPki(directory, daysLater(671)), [])
})

test('renewal: one that has ended is renewed; one that is revoked, elsewhere or of somebody else is not', async () => {
  const { directory } = await developmentPki()
  const authority = await Authority.open(directory)
  const paths = FILES.map((file) => join(directory, file))
  assert.deepEqual(await renewDevelopmentPki(directory, daysLater(1_000)), paths)

  // It revokes the old one and its successor.
  await authority.revoke('operator', daysLater(10))
  const rows = await authority.list(daysLater(10))
  assert.deepEqual(
    rows.filter(({ name }) => name === 'operator').map(({ status }) => status),
    ['revoked', 'revoked'],
  )
  assert.deepEqual(await renewDevelopmentPki(directory, daysLater(1_700)), paths.slice(0, 1))
  // That it is asked every hour wears no flash.
  const { mtimeMs } = statSync(directory)
  assert.deepEqual(await renewDevelopmentPki(directory, daysLater(1_700)), [])
  assert.equal(statSync(directory).mtimeMs, mtimeMs)
  rmSync(join(directory, 'operator.pem'))
  assert.deepEqual(await renewDevelopmentPki(directory, daysLater(2_400)), paths.slice(0, 1))

  const other = await newAuthority()
  await other.authority.issueClient({
    name: 'operator',
    algorithm: 'ec',
    outDirectory: other.directory,
    now: NOW,
  })
  const foreign = readFileSync(join(other.directory, 'operator.pem'))
  writeFileSync(join(directory, 'operator.pem'), foreign)
  await renewDevelopmentPki(directory, daysLater(3_000))
  assert.deepEqual(readFileSync(join(directory, 'operator.pem')), foreign)
  assert.equal(await authority.renew(join(directory, 'ca.pem'), daysLater(3_000)), false)
})

test('renewal: nothing lasts longer than its authority, and is renewed no more when it ends with it', async () => {
  const { directory, read } = await developmentPki()
  await renewDevelopmentPki(directory, daysLater(3_000))
  const { validTo } = new X509Certificate(readFileSync(join(directory, 'ca.pem')))
  assert.equal(read('server.pem').validTo, validTo)
  assert.deepEqual(await renewDevelopmentPki(directory, daysLater(3_640)), [])
  const { authority, directory: own } = await newAuthority()
  await authority.issueServer({ hosts: ['localhost'], algorithm: 'ec', now: NOW })
  // A clock of after the end of all of it.
  await fails(authority.renew(join(own, 'server.pem'), daysLater(3_651)), 'pki.invalid', /valid from/)
})

test('renewal: a gateway that runs looks every hour, makes use of what is new, and stops looking', async () => {
  const { directory, stateDir } = await developmentPki()
  const [clock, log] = [new ManualClock(), new RecordedLog()]
  let now = daysLater(0)
  let renewed = 0
  const common = { stateDir, log, wallNow: () => now }
  const watch = new RenewalWatch({
    ...{ ...common, clock },
    // The first one cannot be made use of: that ends nothing.
    renewed: () => (++renewed === 1 ? Promise.reject(new Error('not now')) : Promise.resolve()),
  })
  const hour = async (): Promise<void> => {
    await clock.advanceBy(3_600_000)
    // The files are real, and take real time.
    for (let turn = 0; turn < 200 && clock.pending === 0; turn++)
      await new Promise((go) => setTimeout(go, 10))
    assert.equal(clock.pending, 1)
  }
  await hour()
  assert.equal(renewed, 0)
  now = daysLater(700)
  await hour()
  assert.equal(renewed, 1)
  assert.equal(log.of('pki.renewal-failed').length, 1)
  await hour()
  assert.equal(renewed, 1)
  now = daysLater(1_390)
  await hour()
  assert.equal(renewed, 2)
  // What cannot be done is told, and tried again.
  now = daysLater(2_100)
  writeFileSync(join(directory, 'index.json'), 'none')
  await hour()
  assert.equal(renewed, 2)
  assert.equal(log.of('pki.renewal-failed').length, 2)
  await hour()
  assert.equal(log.of('pki.renewal-failed').length, 3)
  watch[Symbol.dispose]()
  assert.equal(clock.pending, 0)
})

test('renewal: without the key of the authority, or with an authority of an own make, nothing is done', async () => {
  const { directory, stateDir } = await developmentPki()
  const log = new RecordedLog()
  const options = { stateDir, log, wallNow: () => daysLater(720) }
  rmSync(join(directory, 'ca.key'))
  assert.equal(await renewCertificates(options), false)
  rmSync(directory, { recursive: true })
  assert.equal(await renewCertificates(options), false)
  const authority = await Authority.create(directory, { name: 'ours', now: NOW })
  await authority.issueServer({ hosts: ['localhost'], algorithm: 'ec', now: NOW })
  assert.equal(await renewCertificates(options), false)
  assert.deepEqual(log.lines, [])
})

async function developmentPki() {
  const stateDir = temporaryDirectory()
  const directory = join(stateDir, 'pki')
  await makeDevelopmentPki(directory, { hosts: ['192.0.2.7'], now: NOW })
  const read = (file: string) => new X509Certificate(readFileSync(join(directory, file)))
  return { stateDir, directory, read }
}
