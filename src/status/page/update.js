// Updates of this machine: what runs, how the last one went, and a new one out of a file.

import { setText } from './board.js'
import { pairs, REFUSED } from './detail.js'
import { ask, order, token, upload } from './wire.js'
import { lastUpdateText, mebibytes, plain } from './words.js'

const $ = (id) => document.getElementById(id)

export class Update {
  #needToken
  #changed
  #gateway = {}
  /** How far it is, as the gateway tells everybody. */
  #row
  /** Ends our own upload. */
  #sending
  #wasHeard = false

  /**
   * @param needToken  is called when somebody has to give a token, with words
   * @param changed    is called when there is more to know of the gateway
   */
  constructor({ needToken, changed }) {
    this.#needToken = needToken
    this.#changed = changed
    $('update-form').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#send($('update-file').files[0])
    })
    $('update-cancel').addEventListener('click', () => this.#sending?.abort())
    $('update-restart').addEventListener('click', () => this.#restart())
  }

  /** The gateway has told of itself. */
  tell(gateway) {
    this.#gateway = gateway
    this.#show()
  }

  /** An update is further than it was. */
  take(row) {
    const before = this.#row?.state
    this.#row = row
    if (row.state === 'receiving') this.#wasHeard = true
    if (row.state === 'failed' && this.#wasHeard) {
      this.#say('failed', `Not installed: ${plain(row.error)}.`)
      // Of a file that is refused, the rest need not go out.
      this.#sending?.abort()
    }
    if (row.state === 'comparing' && before !== 'comparing')
      this.#say('', 'All of it is written. Comparing it with what was signed…')
    if (row.state === 'installed')
      this.#say('well', `Version ${plain(row.version)} is installed in slot ${row.slot}.`)
    this.#show()
    if (row.state !== before && (row.state === 'installed' || row.state === 'failed')) this.#changed()
  }

  async #send(file) {
    if (file === undefined || file.size === 0) return this.#say('failed', 'Choose an update file first.')
    if (!(await this.#mayAct())) return
    this.#sending = new AbortController()
    this.#wasHeard = false
    this.#say('', 'Uploading. Leave this page open until all of it has come.')
    this.#show()
    try {
      const { status, body } = await upload('/api/update', file, this.#sending.signal)
      if (status !== 200) this.#say('failed', `Not installed: ${plain(body.error ?? status)}.`)
    } catch {
      this.#lost()
    } finally {
      this.#sending = undefined
      this.#show()
    }
  }

  /** The connection is gone before the answer came. What the gateway has told everybody says more than that. */
  #lost() {
    if (this.#hasCome)
      return this.#say('', 'The connection broke, but all of it has come: the machine goes on.')
    if (this.#row?.state === 'failed' && this.#wasHeard) return
    this.#say(
      'failed',
      `${this.#sending.signal.aborted ? 'Cancelled.' : 'The upload was cut.'} Nothing has changed.`,
    )
  }

  /** All of our upload: nobody can stop it any more. */
  get #hasCome() {
    return this.#wasHeard && this.#row.state !== 'failed' && this.#row.received_bytes === this.#row.bytes
  }

  async #restart() {
    if (!(await this.#mayAct())) return
    this.#say('', 'Restarting…')
    try {
      const { status, body } = await order('/api/update/restart')
      if (status === 202) this.#say('well', `Ordered: ${plain(body.outcome)}. This page finds it again.`)
      else this.#say('failed', `Refused: ${plain(body.error ?? status)}.`)
    } catch {
      this.#say('failed', 'The gateway did not answer.')
    }
  }

  /** Asked before megabytes go out. */
  async #mayAct() {
    const { status, body } = await ask('/api/gateway', token.get()).catch(() => ({}))
    if (status === undefined) this.#say('failed', 'The gateway did not answer.')
    else if (status !== 200 || !body.may_act) {
      this.#say('failed', 'An update needs the operator token.')
      this.#needToken(token.get() === '' ? 'An update needs the operator token of the gateway.' : REFUSED)
    }
    return status === 200 && body.may_act
  }

  #show() {
    const { actions = false, update } = this.#gateway
    $('update').hidden = update === undefined
    if (update === undefined) return
    const { running, last, by_page: isPossible } = update
    pairs($('update-facts'), [
      ['runs', running === undefined ? 'not known yet' : runningText(running)],
      ['last update', last === undefined ? 'none so far' : lastUpdateText(last)],
    ])
    const isUnderWay = this.#row?.state === 'receiving' || this.#row?.state === 'comparing'
    $('update-form').hidden = !isPossible || !actions
    $('update-off').hidden = !isPossible || actions
    $('update-send').disabled = isUnderWay || this.#sending !== undefined
    $('update-cancel').hidden = this.#sending === undefined || this.#hasCome
    const waits = last?.outcome === 'installed' && last.slot !== running?.slot
    $('update-restart').hidden = !waits || isUnderWay
    $('update-way').hidden = !isUnderWay
    if (isUnderWay) this.#showWay()
  }

  #showWay() {
    const { bytes, received_bytes: received, payload_bytes: payload, written_bytes: written } = this.#row
    const { state, compared_bytes: compared, by } = this.#row
    // Reading back is the faster half.
    const share = state === 'receiving' ? (0.75 * received) / bytes : 0.75 + (0.25 * compared) / payload
    $('update-bar').value = share
    const note =
      state === 'receiving'
        ? `${mebibytes(received)} of ${mebibytes(bytes)} MiB uploaded, ${mebibytes(written)} written`
        : `${mebibytes(compared)} of ${mebibytes(payload)} MiB compared`
    const version = this.#row.version === null ? '' : `, version ${plain(this.#row.version)}`
    setText($('update-note'), `${note}${version}, by ${plain(by)}`)
  }

  #say(kind, text) {
    $('update-said').dataset.kind = kind
    setText($('update-said'), text)
  }
}

function runningText({ slot, version, isConfirmed }) {
  return `version ${plain(version)} in slot ${plain(slot)}${isConfirmed ? '' : ', on trial'}`
}
