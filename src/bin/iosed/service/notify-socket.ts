// A datagram to a local socket, which Node cannot send, by the addon koffi.

import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'

/** Keeps one socket for as long as the process lives. */
export class NotifySocket {
  readonly #address: Buffer
  readonly #fd: number

  /**
   * @param address  a path, or `@` and a name of the abstract space
   * @throws Error for an address of another kind (vsock), or when there are no sockets
   */
  constructor(address: string) {
    this.#address = addressOf(address)
    this.#fd = checked('socket', libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
  }

  /** @throws Error when nobody listens, or does not read */
  send(text: string): void {
    const bytes = Buffer.from(text)
    checked(
      'sendto',
      libc.sendto(this.#fd, bytes, bytes.length, MSG_NOSIGNAL, this.#address, this.#address.length),
    )
  }
}

/** struct sockaddr_un: 2 bytes family, then a path with its NUL, or a NUL and a name without one; unix(7). */
function addressOf(address: string): Buffer {
  if (!/^[/@]/.test(address)) throw new Error(`NOTIFY_SOCKET=${address} is no local socket`)
  const isAbstract = address.startsWith('@')
  const path = Buffer.from(isAbstract ? `\0${address.slice(1)}` : `${address}\0`)
  if (path.length > MAX_PATH_BYTES) throw new Error(`NOTIFY_SOCKET=${address} is too long`)
  const family = Buffer.alloc(2)
  // In the machine's order, which is this one wherever Node and Linux meet.
  family.writeUInt16LE(AF_UNIX)
  return Buffer.concat([family, path])
}

function checked(call: string, result: number): number {
  if (result >= 0) return result
  const errno = koffi.errno()
  throw new Error(`${call}: ${getSystemErrorName(-errno)}`)
}

interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly sendto: (...args: [number, Buffer, number, number, Buffer, number]) => number
}

const library = koffi.load(null)
const libc: Libc = {
  socket: library.func('int socket(int domain, int type, int protocol)'),
  sendto: library.func(
    'long sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t addressLength)',
  ),
}

// bits/socket.h and linux/un.h, the same on x86 and ARM.
const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const MSG_NOSIGNAL = 0x4000
const MAX_PATH_BYTES = 108
