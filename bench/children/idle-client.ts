// Opens many connections that say nothing, from many addresses of 127.0.0.0/8, and holds them until told.

import { connect, type Socket } from 'node:net'

interface Task {
  port: number
  count: number
  perAddress: number
}

const sockets: Socket[] = []

process.on('message', (task: Task | { close: true }) => {
  if ('close' in task) {
    for (const socket of sockets.splice(0)) socket.destroy()
    process.send?.({ open: 0 })
    return
  }
  openAll(task).then(
    () => process.send?.({ open: sockets.length }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function openAll({ port, count, perAddress }: Task): Promise<void> {
  for (let opened = 0; opened < count; opened += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - opened) }, (_, index) => opened + index)
    sockets.push(...(await Promise.all(batch.map((n) => open(port, Math.floor(n / perAddress))))))
  }
}

function open(port: number, network: number): Promise<Socket> {
  const localAddress = `127.${1 + (network >> 8)}.${network & 0xff}.1`
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => resolve(socket))
    socket.on('error', reject)
  })
}

// The one who wants to know has gone.
process.on('disconnect', () => process.exit())

const BATCH = 200
