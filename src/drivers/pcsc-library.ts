// Which addon carries PC/SC.

import type { CardLibrary, LibraryName } from './pcsc-port.ts'

/** pcsclite is built on an interface of Node's that changes: from Node 26 on, smartcard. */
export function defaultLibrary(nodeVersion = process.versions.node): LibraryName {
  return Number.parseInt(nodeVersion, 10) < FIRST_OF_SMARTCARD ? 'pcsclite' : 'smartcard'
}

/** @throws LinkError link.closed when the addon is not installed */
export async function loadLibrary(name: LibraryName): Promise<CardLibrary> {
  switch (name) {
    case 'pcsclite':
      return (await import('./pcsc-pcsclite.ts')).loadPcsclite()
    case 'smartcard':
      return (await import('./pcsc-smartcard.ts')).loadSmartcard()
    default:
      return name satisfies never
  }
}

const FIRST_OF_SMARTCARD = 26
