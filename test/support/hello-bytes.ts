// ClientHello messages written field by field, so that a test can change any one of them.

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
export const vector8 = (body: Uint8Array): Buffer => Buffer.concat([Buffer.from([body.length]), body])
export const vector16 = (body: Uint8Array): Buffer => Buffer.concat([u16(body.length), body])
export const extension = (type: number, data: Uint8Array): Buffer =>
  Buffer.concat([u16(type), vector16(data)])

export const hostName = (name: string, type = 0): Buffer =>
  Buffer.concat([Buffer.from([type]), vector16(Buffer.from(name, 'latin1'))])
export const serverName = (...names: Buffer[]): Buffer => extension(0, vector16(Buffer.concat(names)))
export const pskModes = (...modes: number[]): Buffer => extension(45, vector8(Buffer.from(modes)))
export const versions = (...list: number[]): Buffer => extension(43, vector8(Buffer.concat(list.map(u16))))
export const shares = (...list: [group: number, key: Uint8Array][]): Buffer =>
  extension(
    51,
    vector16(Buffer.concat(list.map(([group, key]) => Buffer.concat([u16(group), vector16(key)])))),
  )
export const preSharedKey = (identities: string[], binders: number[]): Buffer => {
  const offered = identities.map((name) => Buffer.concat([vector16(Buffer.from(name)), Buffer.alloc(4)]))
  const bound = binders.map((length) => vector8(Buffer.alloc(length, 0xbb)))
  return extension(41, Buffer.concat([vector16(Buffer.concat(offered)), vector16(Buffer.concat(bound))]))
}

export const POINT = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 0x11)])

/** The extensions of a client that fits, by name and in order. */
export const FIT = {
  serverName: serverName(hostName('key1.com')),
  pskModes: pskModes(1),
  versions: versions(0x0304),
  shares: shares([0x0017, POINT]),
  preSharedKey: preSharedKey(['Client_identity'], [32]),
}

export interface HelloFields {
  version: number
  sessionId: Uint8Array
  suites: number[]
  compression: Uint8Array
  extensions: readonly Uint8Array[]
}

/** HandshakeType(1) length(3) body. */
export function helloMessage(changes: Partial<HelloFields> = {}): Uint8Array {
  const { version = 0x0303, sessionId = Buffer.alloc(0), suites = [0x1304] } = changes
  const { compression = Buffer.from([0]), extensions = Object.values(FIT) } = changes
  const body = Buffer.concat([
    u16(version),
    Buffer.alloc(32, 0x22),
    vector8(sessionId),
    vector16(Buffer.concat(suites.map(u16))),
    vector8(compression),
    vector16(Buffer.concat(extensions)),
  ])
  return new Uint8Array(
    Buffer.concat([Buffer.from([1, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff]), body]),
  )
}

/** The message in handshake records of at most `pieceBytes` bytes of it each. */
export function handshakeRecords(message: Uint8Array, pieceBytes = message.length): Uint8Array[] {
  const records: Uint8Array[] = []
  for (let at = 0; at < message.length; at += pieceBytes) {
    const piece = message.subarray(at, at + pieceBytes)
    records.push(new Uint8Array(Buffer.concat([Buffer.from([22, 3, 1]), vector16(piece)])))
  }
  return records
}
