// Updates over HTTP: a request with a body, the only one here.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, sleepUntil } from '../../base/clock.ts'
import type { ActionAnswer } from '../actions.ts'
import { type Route, send } from '../api.ts'
import type { UpdateDesk } from './desk.ts'
import { type Body, bodyOf } from './upload.ts'

export const UPLOAD_PATH = '/api/update'
export const RESTART_PATH = '/api/update/restart'

/** Of requests that were not refused. */
export function updateRoutes(desk: UpdateDesk, clock: Clock): readonly (readonly [path: string, Route])[] {
  return [
    [UPLOAD_PATH, (response, request) => upload(request, response, { desk, clock })],
    [RESTART_PATH, (response, request) => restart(request, response, desk)],
  ]
}

/**
 * Answers before the body has come whole. A connection that is closed with bytes unread is reset, and that takes the answer
 * from the client: so what comes is dropped for a moment.
 */
export async function answerAndLinger(
  response: ServerResponse,
  { status, body: words, headers = {} }: ActionAnswer & { readonly headers?: Headers | undefined },
  body: Body,
  clock: Clock,
): Promise<void> {
  const text = Buffer.from(`${JSON.stringify(words)}\n`)
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': text.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
    ...headers,
  })
  response.write(text)
  await Promise.race([dropped(body), sleepUntil(clock, clock.now() + LINGER_MS)])
  response.end()
}

/** Takes the update in the body, and says what came of it. */
function upload(
  request: IncomingMessage,
  response: ServerResponse,
  { desk, clock }: { desk: UpdateDesk; clock: Clock },
): void {
  const { headers, socket } = request
  // While root compares, nothing passes here; the desk has deadlines of its own.
  socket.setTimeout(0)
  if (headers.expect !== undefined) response.writeContinue()
  const body = bodyOf(request)
  desk
    .take(body, Number(headers['content-length']), peerOf(request))
    .then((answer) => answerAndLinger(response, answer, body, clock))
    .catch(() => response.destroy())
}

function restart(request: IncomingMessage, response: ServerResponse, desk: UpdateDesk): void {
  desk.restart(peerOf(request)).then(
    ({ status, body }) => send(response, status, body),
    () => response.destroy(),
  )
}

async function dropped(body: Body): Promise<void> {
  try {
    while ((await body.next()).done !== true) continue
  } catch {
    // The client has its answer, or is gone.
  }
}

function peerOf({ socket }: IncomingMessage): string {
  return `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`
}

type Headers = Readonly<Record<string, string>>

/** For an answer to get there, and the client to see it. */
const LINGER_MS = 1_000
