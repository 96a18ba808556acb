// Opens and closes sessions on every name at once, one after another per name; reports how long each handshake took.

import { connect } from 'node:tls'
import { tlsOptions } from '../hello.ts'

interface Task {
  port: number
  names: string[]
  perName: number
}

process.on('message', ({ port, names, perName }: Task) => {
  const start = performance.now()
  Promise.all(names.map((name) => loop(port, name, perName))).then(
    (durations) =>
      process.send?.({ seconds: (performance.now() - start) / 1000, durations: durations.flat() }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function loop(port: number, name: string, times: number): Promise<number[]> {
  const durations: number[] = []
  for (let n = 0; n < times; n++) durations.push(await session(port, name))
  return durations
}

/** One session: the handshake, an echo that proves it, and the end. Resolves to the milliseconds of it all. */
function session(port: number, name: string): Promise<number> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const socket = connect({ ...tlsOptions(name), host: '127.0.0.1', port }, () => socket.write('?01x\r\n'))
    socket.on('error', reject)
    socket.once('data', () => {
      socket.end()
      resolve(performance.now() - start)
    })
  })
}
