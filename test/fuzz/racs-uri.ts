import assert from 'node:assert/strict'
import { ClientError } from '../../src/client/errors.ts'
import { parseRacsUri } from '../../src/client/racs-uri.ts'
import { requestText } from '../../src/client/request.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** A URI is refused, or becomes requests of which every one can be sent and holds just its own lines. */
export const racsUri: FuzzTarget = {
  name: 'racs-uri',
  run(random) {
    const uri = uriOf(random)
    try {
      const { host, port, requests } = parseRacsUri(uri)
      assert.ok(host !== '' && !/[\s/?#@]/.test(host))
      assert.ok(port >= 1 && port <= 65_535)
      assert.ok(requests.length > 0)
      for (const request of requests) {
        assert.equal(request.places.length, request.lines.length)
        assert.equal(requestText(request).split(/\r\n|\r|\n/).length, request.lines.length + 3)
      }
    } catch (error) {
      if (!(error instanceof ClientError && error.code === 'client.request')) throw error
    }
  },
}

function uriOf(random: Random): string {
  const bytes = Buffer.from(random.pick(SEEDS), 'latin1')
  return Buffer.from(random.oneIn(8) ? bytes : mutate(random, bytes)).toString('latin1')
}

const SEEDS = [
  'racs://gose.example:7777/?BEGIN=&APDU=100%2000A4040000&END=',
  'RACS://[::1]?BEGIN=a&LIST&END&BEGIN=b&ECHO=%C3%A9&END',
  'https://127.0.0.1/RACS?BEGIN=x&SEN=sim1+key1.com&RESET=sim1%20WARM&END=',
  'racs://h/?ECHO=%41%0d%0aLIST&LIST',
] as const
