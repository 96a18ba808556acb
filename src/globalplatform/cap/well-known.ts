// Packages that are known by their AIDs, and what their versions tell.

import { hexOf } from '../../base/hex.ts'

/**
 * The AID of a package that no card has, F0 'IOSE-SIM': proprietary (ISO/IEC 7816-5, category F). A CAP file that
 * imports it is for simulators; a card refuses it when it links.
 */
export const SIMULATOR_ONLY_PACKAGE: Uint8Array = Uint8Array.of(0xf0, ...Buffer.from('IOSE-SIM', 'latin1'))

/** The name of a package of the Java Card or GlobalPlatform API, else undefined. */
export function packageNameOf(aid: Uint8Array): string | undefined {
  return NAMES.get(hexOf(aid))
}

/** The least Java Card version that has this version of javacard.framework, if known: `3.0.4`. */
export function javaCardOf(frameworkVersion: string): string | undefined {
  return JAVA_CARDS.get(frameworkVersion)
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ['A0000000620001', 'java.lang'],
  ['A0000000620101', 'javacard.framework'],
  ['A0000000620102', 'javacard.security'],
  ['A0000000620201', 'javacardx.crypto'],
  ['A00000015100', 'org.globalplatform'],
])

// 1.2 and 1.5 were seen in CAP files; the others are assumed.
const JAVA_CARDS: ReadonlyMap<string, string> = new Map([
  ['1.0', '2.1.1'],
  ['1.2', '2.2.1'],
  ['1.3', '2.2.2'],
  ['1.4', '3.0.1'],
  ['1.5', '3.0.4'],
  ['1.6', '3.0.5'],
])
