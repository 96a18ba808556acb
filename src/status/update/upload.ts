// One update on its way from an operator to root: no faster than root takes it, and nothing of it is kept.

import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import { PeerError } from '../../net/errors.ts'
import { UpdateError } from '../../update/errors.ts'
import { type LastReply, type Order, type Reply } from '../../update/orders.ts'
import { Patience, type Turn } from './patience.ts'
import { Updater } from './updater.ts'

/** In milliseconds. */
export interface UploadLimits {
  /** Without a byte of the client. */
  readonly silenceMs: number
  /** Without root taking bytes, or saying how far it is when it has them all. */
  readonly stuckMs: number
  readonly wholeMs: number
}

export interface UploadOrder {
  readonly path: string
  readonly order: Extract<Order, { order: 'install' }>
  readonly clock: Clock
  readonly limits: UploadLimits
  /** Rejects when nobody waits for it any more. */
  readonly stopped: Promise<never>
  /** So many bytes have gone to root. */
  readonly onSent: (bytes: number) => void
  readonly onReply: (reply: Reply) => void
}

/** What a client sends, piece by piece: asked one after another, it keeps the client waiting in between. */
export type Body = Pick<AsyncIterator<Uint8Array>, 'next'>

/** The body of a request, which stays open whatever becomes of the body. */
export function bodyOf(request: IncomingMessage): Body {
  // Never `return`: that would destroy the connection, and the answer with it.
  return request[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
}

/**
 * Resolves to what root says last.
 * @throws UpdateError update.no-appliance, update.unanswered; PeerError when the client is silent, too slow or gone
 */
export async function carry(body: Body, upload: UploadOrder): Promise<LastReply> {
  const { path, order, clock, limits, stopped, onReply } = upload
  const turns = turnsOf(limits)
  using patience = new Patience(clock, turns.whole)
  using updater = await Updater.open(path, order, clock)
  const last = lastReplyOf(updater, (reply) => {
    patience.heard(turns.root)
    onReply(reply)
  })
  const sent = send(body, upload, { updater, patience, turns })
  // A refusal comes before all is sent; a client that is gone ends it before root says anything. What fails after the
  // first of both is no news.
  last.catch(() => undefined)
  sent.catch(() => undefined)
  return await Promise.race([last, sent.then(() => last), patience.over, stopped])
}

/** Gives an order that nothing follows. @throws as `carry` */
export async function give(
  path: string,
  order: Order,
  { clock, limits, stopped }: Pick<UploadOrder, 'clock' | 'limits' | 'stopped'>,
) {
  const turns = turnsOf(limits)
  using patience = new Patience(clock, turns.root)
  using updater = await Updater.open(path, order, clock)
  const last = lastReplyOf(updater, () => undefined)
  last.catch(() => undefined)
  return await Promise.race([last, patience.over, stopped])
}

async function lastReplyOf(updater: Updater, onReply: (reply: Reply) => void): Promise<LastReply> {
  for (;;) {
    const reply = await updater.reply()
    onReply(reply)
    if (reply.reply === 'done' || reply.reply === 'refused') return reply
  }
}

interface Way {
  readonly updater: Updater
  readonly patience: Patience
  readonly turns: Turns
}

async function send(body: Body, { order, onSent }: UploadOrder, way: Way): Promise<void> {
  const { updater, patience, turns } = way
  let sentBytes = 0
  while (!patience.isEnded) {
    patience.await(turns.client)
    const piece = await pieceOf(body, () => `the upload was cut after ${sentBytes} of ${order.bytes} bytes`)
    patience.await(turns.root)
    if (piece === undefined) return
    await updater.write(piece)
    sentBytes += piece.length
    onSent(sentBytes)
  }
}

/** @throws PeerError peer.gone */
async function pieceOf(body: Body, words: () => string): Promise<Uint8Array | undefined> {
  try {
    const next = await body.next()
    return next.done === true ? undefined : next.value
  } catch (error) {
    throw new PeerError('peer.gone', words(), { cause: error })
  }
}

type Turns = Readonly<Record<'client' | 'root' | 'whole', Turn>>

function turnsOf({ silenceMs, stuckMs, wholeMs }: UploadLimits): Turns {
  const late = (what: string) => () => new PeerError('peer.timeout', what)
  return {
    client: { ms: silenceMs, error: late(`nothing of the update came for ${silenceMs / 1000} s`) },
    whole: { ms: wholeMs, error: late(`the update did not come within ${wholeMs / 60_000} min`) },
    root: {
      ms: stuckMs,
      error: () =>
        new UpdateError(
          'update.unanswered',
          `the update service of this machine did nothing for ${stuckMs / 1000} s; its journal (iose-update@) says more`,
        ),
    },
  }
}
