// What the preloaded library asks and what it is answered; the other half is in shim.c. Host byte order.

import type { Socket } from 'node:net'

export const OP = {
  open: 1,
  stat: 2,
  read: 3,
  write: 4,
  ioctl: 5,
  struct: 6,
  smbus: 7,
  rdwr: 8,
  spi: 9,
  line: 10,
  events: 11,
  priority: 12,
  list: 13,
} as const

/** Linux error numbers; a reply carries them negative. */
export const ERRNO = {
  ENOENT: 2,
  EIO: 5,
  ENXIO: 6,
  EBUSY: 16,
  EISDIR: 21,
  EINVAL: 22,
  ENOTTY: 25,
  EPERM: 1,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  ETIMEDOUT: 110,
  EREMOTEIO: 121,
} as const

/** One system call of the process under test. */
export interface Request {
  readonly op: number
  /** When the call was made, CLOCK_MONOTONIC in nanoseconds. */
  readonly startNs: number
  readonly body: Buffer
}

/** What the system call comes to. */
export interface Reply {
  /** What it returns, or -errno. */
  readonly result: number
  readonly body?: Uint8Array
  /** It does not return before; 0 or missing: at once. */
  readonly untilNs?: number
  /** Nothing happened, the bus was taken: ask again at `untilNs`. */
  readonly isBusy?: boolean
}

/** The far end of one open file. */
export interface Endpoint {
  handle(request: Request): Reply
  /** The file was closed, or its process has ended. */
  closed?(): void
}

/** A path of the process under test. */
export interface Node {
  /** What stat says: mode, major, minor. */
  readonly inode: Uint8Array
  /** Of a folder: what is in it. */
  readonly names?: readonly string[]
  open(): Endpoint
}

/** Calls `onRequest` for each whole request that comes over `socket`. */
export function readRequests(socket: Socket, onRequest: (request: Request) => void): void {
  let received: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    for (;;) {
      if (received.length < REQUEST_BYTES) return
      const length = received.readUInt32LE(0)
      const end = REQUEST_BYTES + length
      if (received.length < end) return
      const op = received.readUInt32LE(4)
      const startNs = Number(received.readBigUInt64LE(8))
      const body = received.subarray(REQUEST_BYTES, end)
      received = received.subarray(end)
      onRequest({ op, startNs, body })
    }
  })
}

export function sendReply(socket: Socket, reply: Reply): void {
  const body = reply.body ?? NOTHING
  const message = Buffer.alloc(REPLY_BYTES + body.length)
  message.writeUInt32LE(body.length, 0)
  message.writeInt32LE(reply.result, 4)
  message.writeUInt32LE(reply.isBusy === true ? 1 : 0, 8)
  message.writeBigUInt64LE(BigInt(Math.ceil(reply.untilNs ?? 0)), 16)
  message.set(body, REPLY_BYTES)
  socket.write(message)
}

/** CLOCK_MONOTONIC in nanoseconds: the same clock in every process. */
export function nowNs(): number {
  return Number(process.hrtime.bigint())
}

/** What stat says of a character device. */
export function characterDevice(major: number, minor: number): Buffer {
  const inode = Buffer.alloc(12)
  inode.writeUInt32LE(S_IFCHR | 0o660, 0)
  inode.writeUInt32LE(major, 4)
  inode.writeUInt32LE(minor, 8)
  return inode
}

const S_IFCHR = 0o020000
const NOTHING = new Uint8Array(0)
// Offsets of struct request: length 0, op 4, start_ns 8; of struct reply: length 0, result 4, is_busy 8, until_ns 16.
const REQUEST_BYTES = 16
const REPLY_BYTES = 24
