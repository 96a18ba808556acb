// Where a person gives the page a token.

import { setText } from './board.js'
import { ask, token } from './wire.js'

const $ = (id) => document.getElementById(id)

export class TokenDialog {
  #dialog = $('token')
  #changed

  /** @param changed  is called when there is another token */
  constructor(changed) {
    this.#changed = changed
    $('token-form').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#use($('token-text').value.trim())
    })
    $('token-forget').addEventListener('click', () => {
      token.forget()
      $('token-text').value = ''
      this.#say('', 'Forgotten.')
    })
  }

  open(why) {
    setText($('token-why'), why || 'An action needs the operator token of the gateway.')
    this.#say('', token.get() === '' ? '' : 'This tab has a token.')
    if (!this.#dialog.open) this.#dialog.showModal()
    $('token-text').focus()
  }

  async #use(text) {
    if (text === '') return this.#say('failed', 'There is nothing in the field.')
    if (!/^[\x21-\x7e]+$/.test(text)) return this.#say('failed', 'That is not a token.')
    const { status, body } = await ask('/api/gateway', text).catch(() => ({}))
    if (status === undefined) return this.#say('failed', 'The gateway did not answer.')
    if (status !== 200) return this.#say('failed', 'The gateway refuses this token.')
    token.set(text)
    $('token-text').value = ''
    this.#say('well', body.may_act ? 'Accepted: actions are possible.' : 'Accepted, for reading only.')
    this.#changed()
  }

  #say(kind, text) {
    $('token-said').dataset.kind = kind
    setText($('token-said'), text)
  }
}
