// Opens and closes sessions on every name at once, one after another per name; reports when each handshake was done
// and how long it took.

import { once } from 'node:events'
import { connect } from 'node:tls'
import { tlsOptions } from '../hello.ts'

interface Task {
  readonly port: number
  readonly names: readonly string[]
  /** Each name goes on until it has had as many sessions, */
  readonly perName?: number
  /** or for as long. */
  readonly seconds?: number
}

/** One session that was closed again; milliseconds. */
interface Session {
  readonly handshakeMs: number
  /** The instant at which the other side had closed it, on this process's clock. */
  readonly endedAt: number
}

process.on('message', (task: Task) => {
  const endsAt = performance.now() + 1000 * (task.seconds ?? Infinity)
  Promise.all(task.names.map((name) => loop(task, name, endsAt))).then(
    (sessions) => process.send?.({ sessions }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function loop({ port, perName = Infinity }: Task, name: string, endsAt: number): Promise<Session[]> {
  const sessions: Session[] = []
  while (sessions.length < perName && performance.now() < endsAt) sessions.push(await session(port, name))
  return sessions
}

/** Connects, completes the handshake, closes, and waits until the other side has closed as well. */
async function session(port: number, servername: string): Promise<Session> {
  const start = performance.now()
  const socket = connect({ ...tlsOptions(servername), host: '127.0.0.1', port })
  await once(socket, 'secureConnect')
  const handshakeMs = performance.now() - start
  socket.resume().end()
  await once(socket, 'close')
  return { handshakeMs, endedAt: performance.now() }
}

// The one who wants to know has gone.
process.on('disconnect', () => process.exit())
