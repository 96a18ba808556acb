// How the page talks to the gateway: questions, orders, and events as they come. The token is a header, never an address.

/** Kept in this tab only. */
export const token = {
  get: () => sessionStorage.getItem(KEY) ?? '',
  set: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
}

/** True when the gateway does not let anybody read. */
let isReadingPrivate = false

/** The answer to a question; `given` is a token to try. */
export async function ask(path, given) {
  const headers = given === undefined ? readerHeaders() : bearer(given)
  const response = await fetch(path, { headers, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) })
  return { status: response.status, body: await bodyOf(response) }
}

/** Orders something; resolves to what came of it. */
export async function order(path) {
  const signal = AbortSignal.timeout(2 * PATIENCE_MS)
  const response = await fetch(path, { method: 'POST', headers: bearer(token.get()), signal })
  return { status: response.status, body: await bodyOf(response) }
}

/** Sends a file, for as long as that takes; resolves to what came of it. */
export async function upload(path, file, signal) {
  const headers = { ...bearer(token.get()), 'content-type': 'application/octet-stream' }
  const response = await fetch(path, { method: 'POST', headers, body: file, signal })
  return { status: response.status, body: await bodyOf(response) }
}

/**
 * Tells what happens until the page is left: `onEvent(name, value)`; `onLink(state, retryAt)` with `live`, `seeking`,
 * `away` or `locked`. Returns what makes it try at once.
 */
export function listen({ onEvent, onLink }) {
  let wake = () => undefined
  let failures = 0
  const run = async () => {
    for (;;) {
      onLink(failures === 0 ? 'seeking' : 'trying')
      const end = await heard((name, value) => {
        if (failures !== 0 || name === 'slots') onLink('live')
        failures = 0
        onEvent(name, value)
      })
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LAST_PAUSE_MS)
      onLink(end, Date.now() + pauseMs)
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, end === 'locked' ? 2 ** 31 - 1 : pauseMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  run()
  return () => wake()
}

/** Listens until that ends, and says why: `away` or `locked`. */
async function heard(onEvent) {
  const silence = new AbortController()
  let timer
  const hear = () => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(), SILENCE_MS)
  }
  try {
    hear()
    const response = await fetch('/api/events', {
      headers: readerHeaders(),
      cache: 'no-store',
      signal: silence.signal,
    })
    if (response.status === 401) {
      const isUntried = !isReadingPrivate && token.get() !== ''
      isReadingPrivate = true
      return isUntried ? await heard(onEvent) : 'locked'
    }
    if (response.status !== 200) return 'away'
    onEvent('date', response.headers.get('date'))
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    const take = assembler(onEvent)
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return 'away'
      hear()
      take(value)
    }
  } catch {
    return 'away'
  } finally {
    clearTimeout(timer)
  }
}

/** Makes events of text that is cut anywhere (server-sent events, as this gateway writes them). */
function assembler(onEvent) {
  let text = ''
  return (chunk) => {
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop()
    for (const block of blocks) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? []
      if (name !== undefined) onEvent(name, JSON.parse(data))
    }
  }
}

function readerHeaders() {
  return isReadingPrivate ? bearer(token.get()) : {}
}

function bearer(text) {
  return text === '' ? {} : { authorization: `Bearer ${text}` }
}

async function bodyOf(response) {
  return response.json().catch(() => ({}))
}

const KEY = 'iose-token'
const PATIENCE_MS = 10_000
/** The gateway says something every 15 s. */
const SILENCE_MS = 40_000
const FIRST_PAUSE_MS = 1_000
const LAST_PAUSE_MS = 30_000
