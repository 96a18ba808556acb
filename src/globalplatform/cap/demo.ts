// A CAP file to learn with: the least that is valid, with one applet that does nothing.

import { ZipFile } from 'yazl'
import { bytesOfHex } from '../../base/hex.ts'
import type { ComponentName } from './components.ts'

export { SIMULATOR_ONLY_PACKAGE } from './well-known.ts'

/**
 * The package 0102030405, version 1.0, with the applet 010203040500, for any Java Card. It imports a package that no
 * card has, so that none but a simulator takes it. The same bytes each time.
 */
export async function demoCap(): Promise<Uint8Array> {
  const zip = new ZipFile()
  zip.addBuffer(Buffer.from('Manifest-Version: 1.0\r\n\r\n'), 'META-INF/MANIFEST.MF', PACKING)
  for (const [name, hex] of DEMO_COMPONENTS) {
    const component = bytesOfHex(hex.replace(/[\s|]/g, '')) ?? new Uint8Array(0)
    zip.addBuffer(Buffer.from(component), `iose/demo/javacard/${name}.cap`, PACKING)
  }
  zip.end()
  const pieces: Uint8Array[] = []
  for await (const piece of zip.outputStream) pieces.push(Buffer.from(piece))
  return new Uint8Array(Buffer.concat(pieces))
}

// Local time is what goes into the archive. Stored: what deflate makes differs from one zlib to the next.
const PACKING = { mtime: new Date(1980, 0, 1, 12), forceDosTimestamp: true, compress: false, mode: 0o100644 }

// What a converter makes of
//   public class Demo extends Applet {
//     public static void install(byte[] parameters, short offset, byte length) { new Demo().register() }
//     public void process(APDU apdu) {}
//   }
// Java Card virtual machine specification 2.1, chapter 6. Tokens of javacard.framework: Applet 3, its constructor 0,
// register() 1, process(APDU) 7; APDU 10.
const DEMO_COMPONENTS: readonly (readonly [ComponentName, string])[] = [
  ['Header', '01 000F | DECAFFED 01 02 04 | 00 01 05 0102030405'],
  [
    'Directory',
    // Sizes in the order of the tags, no static fields, three imports, one applet.
    `02 001F | 000F 001F 000A 0021 0012 000C 0018 000A 0008 0000 0041 | 0000 0000 0000 | 03 01 00`,
  ],
  // javacard.framework 1.0, java.lang 1.0, and the package that no card has.
  [
    'Import',
    '04 0021 | 03 | 00 01 07 A0000000620101 | 00 01 07 A0000000620001 | 00 01 09 F0494F53452D53494D',
  ],
  ['Applet', '03 000A | 01 | 06 010203040500 0008'],
  // Demo extends Applet, no fields, one public method from token 7 on: process.
  ['Class', '06 000C | 00 8003 00 FF 00 07 01 00 00 0015'],
  [
    'Method',
    // No exception handlers; at 0001 the constructor, at 0008 install, at 0015 process.
    '07 0018 | 00 | 01 10 18 8C0003 7A | 02 30 8F0000 3D 8C0001 8B0002 7A | 00 20 7A',
  ],
  ['StaticField', '08 000A | 0000 0000 0000 0000 0000'],
  // Demo, its constructor, register() and the constructor of Applet.
  ['ConstantPool', '05 0012 | 0004 | 01 0000 00 | 06 00 0001 | 03 8003 01 | 06 8003 00'],
  // Where the methods refer to the constant pool: each as the distance from the one before.
  ['RefLocation', '09 0008 | 0000 | 0004 05 06 04 03'],
  [
    'Descriptor',
    // The class with its three methods, the types of the constants, and ()V, ([BSB)V and (APDU)V.
    `0B 0041 | 01 | 00 01 0000 00 0000 0003
    | 00 81 0001 000A 0005 0000 0000 | 01 09 0008 000C 000B 0000 0000 | 07 01 0015 000F 0001 0000 0000
    | 0004 FFFF 000A 000A 000A | 01 10 | 04 B431 | 06 6800A1`,
  ],
]
