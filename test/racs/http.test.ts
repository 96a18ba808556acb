// The HTTP form of the draft, on the port of the lines.

import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import test from 'node:test'
import { isHttp } from '../../src/racs/http.ts'
import { sharedCa } from '../support/certificates.ts'
import { isMissing, shell } from '../support/peers.ts'
import { certificateOf, RacsPeer, RacsPlane } from '../support/racs-plane.ts'
import { REFERENCE_USERS, referenceRun } from '../support/reference-run.ts'
import { until } from '../support/until.ts'

const SELECT = '00A4040006010203040500'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A browser with one connection, and the certificate of `cn`. */
function browser(plane: RacsPlane, cn = 'client') {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...certificateOf(cn) })
  const get = (path: string, { method = 'GET', headers = {} } = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: plane.port, path, method, headers, agent },
        (response) => {
          let body = ''
          response.setEncoding('utf8')
          response.on('data', (text: string) => (body += text))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          )
        },
      )
      asked.on('error', reject)
      asked.end()
    })
  return { get, [Symbol.dispose]: () => agent.destroy() }
}

test('racs http: a request in a URL is answered in XML', async () => {
  await using run = await referenceRun('draft')
  const { plane } = run
  using client = browser(plane)
  const { status, headers, body } = await client.get('/RACS?BEGIN=a&GET-VERSION=APPEND&LIST=&END=')
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/xml; charset=utf-8')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['keep-alive'], undefined, 'no time limit but that of the plane')
  const version =
    '<Cmd-Response><status>+002</status><line>001</line><parameters>1.0</parameters></Cmd-Response>'
  const list =
    '<Cmd-Response><status>+004</status><line>002</line><parameters>999 0 1 2 3 key1</parameters></Cmd-Response>'
  assert.equal(body, `<RACS-Response><begin>a</begin>${version}${list}<end></end></RACS-Response>`)
})

test('racs http: the connection is the session: what it holds it holds from request to request', async () => {
  await using run = await referenceRun('draft')
  const { plane, cards } = run
  await using other = await RacsPeer.open(plane.port, 'alluser')
  {
    using client = browser(plane)
    assert.match(
      (await client.get(`/RACS?BEGIN=&APDU=0%20${SELECT}%20CONTINUE=9000&END=`)).body,
      /\+006.*9000/,
    )
    assert.match((await client.get('/RACS?BEGIN=&APDU=0+80E1000000&END=')).body, /<status>\+006</)
    assert.match((await other.ask('POWERON 0'))[0]!, /^-708 001 in use: held by racs client /)
  }
  await until(() => cards[0]!.seen.at(-1) === 'warm')
  assert.deepEqual(await other.ask('POWERON 0'), ['+008 001 0 is on'])
})

test('racs http: the same rights as on lines, and the same codes', async () => {
  await using run = await referenceRun('draft')
  const { plane } = run
  using client = browser(plane, 'client2')
  assert.match((await client.get('/RACS?BEGIN=&POWERON=1&END=')).body, /<status>-608<\/status><line>001</)
  assert.match((await client.get('/RACS?BEGIN=&FOO=&END=')).body, /<status>-100<\/status><line>001</)
  assert.match((await client.get('/RACS?LIST=')).body, /<begin><\/begin><Cmd-Response><status>-300</)
})

test('racs http: pipelined requests are carried out one after the other', async () => {
  await using run = await referenceRun('draft')
  const { plane, cards } = run
  await using peer = await RacsPeer.open(plane.port, 'client')
  const ask = (apdu: string): string => `GET /RACS?BEGIN=&APDU=0%20${apdu}&END= HTTP/1.1\r\nHost: x\r\n\r\n`
  await peer.send(ask(SELECT) + ask('80E50032') + ask('80E1000000'))
  let said = ''
  while (said.split('<end>').length < 4) said += await peer.take(1)
  assert.deepEqual(said.match(/<parameters>[^<]*/g), Array(3).fill('<parameters>9000'))
  assert.deepEqual(cards[0]!.seen.slice(2), [SELECT, '80E50032', '80E1000000'])
})

test('racs http: a client that sends more requests than anybody waits for is cut off', async () => {
  await using run = await referenceRun('draft')
  const { plane, cards } = run
  await using peer = await RacsPeer.open(plane.port, 'client')
  const ask = (apdu: string): string => `GET /RACS?BEGIN=&APDU=0%20${apdu}&END= HTTP/1.1\r\nHost: x\r\n\r\n`
  await peer.send(ask(SELECT) + ask('80E503E8') + ask('80E1000000').repeat(64))
  await peer.closed()
  await until(() => plane.log.of('racs.closed').length === 1)
  assert.equal(plane.log.of('racs.closed')[0]?.fields['code'], 'peer.oversize')
  assert.ok(!cards[0]!.seen.includes('80E1000000'), 'nothing more is done for it')
})

test('racs http: what is no request of RACS has an HTTP status, and leaves the connection alone', async () => {
  await using run = await referenceRun('draft')
  const { plane } = run
  using client = browser(plane)
  const refused: [string, object, number][] = [
    ['/', {}, 404],
    ['/RACSX?BEGIN=&END=', {}, 404],
    ['/RACS?BEGIN=&END=', { method: 'POST' }, 405],
    ['/RACS?BEGIN=&ECHO=%0d%0aPOWERON%200&END=', {}, 400],
    ['/RACS?BEGIN=&ECHO=%zz&END=', {}, 400],
    ['/RACS?BEGIN=&LIST=&END=', { headers: { 'Sec-Fetch-Site': 'cross-site' } }, 403],
    ['/RACS?BEGIN=&LIST=&END=', { headers: { 'Sec-Fetch-Site': 'same-site' } }, 403],
    ['/RACS?BEGIN=&LIST=&END=', { headers: { Origin: 'https://elsewhere.example' } }, 403],
  ]
  for (const [path, options, status] of refused) {
    const answer = await client.get(path, options)
    assert.deepEqual([answer.status, answer.body], [status, ''], path)
  }
  assert.equal(
    (await client.get('/RACS?BEGIN=&LIST=&END=', { headers: { 'Sec-Fetch-Site': 'none' } })).status,
    200,
  )
  assert.equal(plane.log.of('racs.opened').length, 1)
})

test('racs http: text of a request cannot become markup', async () => {
  await using run = await referenceRun('reference')
  const { plane } = run
  using client = browser(plane)
  const { body } = await client.get('/RACS?BEGIN=%3Cb%3E&ECHO=%3C%26%3E%01%ff&END=')
  assert.match(body, /<begin>&#60;b&#62;<\/begin>.*<parameters>&#60;&#38;&#62;\?ÿ<\/parameters>/)
})

test('racs http: garbage that starts like HTTP is a 400, then the end', async () => {
  await using run = await referenceRun('draft')
  const { plane } = run
  await using peer = await RacsPeer.open(plane.port, 'client')
  await peer.send('GET  \x00\x01\r\n\r\n')
  assert.match(await peer.take(12), /^HTTP\/1\.1 400 /)
  await peer.closed()
  await until(() => plane.log.of('racs.closed').length === 1)
})

test('racs http: half a request, and silence after a whole one, end at the idle time-out', async () => {
  await using plane = await RacsPlane.start({ users: REFERENCE_USERS, elements: [], idleTimeoutMs: 300 })
  const whole = 'GET /RACS?BEGIN=&ECHO=x&END= HTTP/1.1\r\nHost: x\r\n\r\n'
  for (const text of ['GET /RACS?BEGIN', whole]) {
    await using peer = await RacsPeer.open(plane.port, 'client')
    const startedAt = performance.now()
    await peer.send(text)
    await peer.closed()
    assert.ok(performance.now() - startedAt >= 290, 'not before')
  }
  await until(() => plane.log.of('racs.closed').length === 2)
  for (const { fields } of plane.log.of('racs.closed')) assert.equal(fields['code'], 'peer.timeout')
})

test('racs http: the first bytes decide, however they arrive', async () => {
  const kinds: [string, string][] = [
    ['GET /', 'yes'],
    ['GET ', 'yes'],
    ['POST /', 'yes'],
    ['GET', 'more'],
    ['G', 'more'],
    ['', 'more'],
    ['GET-VERSION', 'no'],
    ['BEGIN', 'no'],
    ['get /', 'no'],
    ['\n', 'no'],
  ]
  for (const [text, kind] of kinds) assert.equal(isHttp(Buffer.from(text)), kind, text)
  await using run = await referenceRun('draft')
  const { plane } = run
  for (const text of ['GET /RACS?BEGIN=&ECHO=x&END= HTTP/1.0\r\n\r\n', 'BEGIN\r\nECHO x\r\nEND\r\n']) {
    await using peer = await RacsPeer.open(plane.port, 'client')
    await peer.send(...Array.from(text))
    let said = ''
    while (!/END\r\n|<end>/.test(said)) said += await peer.take(1)
    assert.match(said, /[> ]x[<\r]/)
  }
})

test('racs http: curl with a client certificate', { skip: isMissing('curl', '--version') }, async () => {
  await using run = await referenceRun('draft')
  const { plane } = run
  const ca = sharedCa()
  const files = `--cacert ${ca.path('ca.pem')} --cert ${ca.path('client.pem')} --key ${ca.path('client.key')}`
  const said = await shell(`curl -s ${files} 'https://127.0.0.1:${plane.port}/RACS?BEGIN=c&LIST=&END='`)
  assert.match(said, /^<RACS-Response><begin>c<\/begin>.*key1.*<\/RACS-Response>$/)
})
