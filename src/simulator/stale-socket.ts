// A Unix socket whose server was killed leaves its file behind, and nobody can listen there until it is gone.

import { statSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'

/** Removes the socket at `path` unless somebody listens there. Any other kind of file is left alone. */
export async function removeStaleSocket(path: string): Promise<void> {
  const isSocket = statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
  if (isSocket && !(await isServed(path))) unlinkSync(path)
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
