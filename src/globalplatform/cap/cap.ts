// A CAP file: a Java Card package, converted, as it is loaded into a card.

import { InternalError } from '../../base/errors.ts'
import { componentsIn } from './archive.ts'
import { type ComponentName, type Components, checkComponents, loadFileDataOf } from './components.ts'
import { malformed } from './errors.ts'
import {
  appletsOf,
  type CapApplet,
  checkDirectory,
  FLAG_APPLET,
  FLAG_EXPORT,
  FLAG_INT,
  headerOf,
  importsOf,
  type PackageReference,
} from './fields.ts'
import { javaCardOf, packageNameOf, SIMULATOR_ONLY_PACKAGE } from './well-known.ts'

export interface CapFile {
  /** `major.minor` of the CAP format. */
  readonly version: string
  /** Its name is there if the converter has written it, in internal form: `com/example/wallet`. */
  readonly package: PackageReference
  /** Only cards with 32-bit integers take it. */
  readonly needsInt: boolean
  /** Other packages can import it. */
  readonly hasExports: boolean
  /** Empty for a library. */
  readonly applets: readonly CapApplet[]
  /** A card needs each with the same major version and at least this minor one. Well-known ones have their name. */
  readonly imports: readonly PackageReference[]
  /** The least Java Card version, from that of javacard.framework; not there when that is unknown or not imported. */
  readonly javaCard?: string
  /** What LOAD carries within C4. */
  readonly loadFileData: Uint8Array
  /** Made for simulators: it imports a package that no card has. */
  readonly isSimulatorOnly: boolean
}

/**
 * The CAP file in `bytes`, a zip archive. What a card would run is not looked at: classes, methods, constants.
 * @param bytes  copied; nothing in the result is borrowed from them
 * @throws CapError, as a rejection, and nothing else, whatever the bytes are
 */
export async function readCap(bytes: Uint8Array): Promise<CapFile> {
  return capOf(await componentsIn(bytes))
}

/**
 * The CAP file of these components, borrowed from them except for `loadFileData`.
 * @throws CapError cap.missing, cap.malformed, cap.unsupported
 */
export function capOf(components: Components): CapFile {
  checkComponents(components)
  const header = headerOf(needed(components, 'Header'))
  const imports = importsOf(needed(components, 'Import')).map(named)
  const appletComponent = components.get('Applet')
  const applets = appletComponent === undefined ? [] : appletsOf(appletComponent)
  const contents = { version: header.version, importCount: imports.length, appletCount: applets.length }
  checkDirectory(needed(components, 'Directory'), components, contents)
  const hasExports = isFlagged(header.flags, FLAG_EXPORT)
  if (hasExports !== components.has('Export')) throw contradicts('Export')
  if (isFlagged(header.flags, FLAG_APPLET) !== components.has('Applet')) throw contradicts('Applet')
  const framework = imports.find(({ name }) => name === 'javacard.framework')
  const javaCard = framework === undefined ? undefined : javaCardOf(framework.version)
  return {
    version: header.version,
    package: header.package,
    needsInt: isFlagged(header.flags, FLAG_INT),
    hasExports,
    applets,
    imports,
    ...(javaCard === undefined ? {} : { javaCard }),
    loadFileData: loadFileDataOf(components),
    isSimulatorOnly: imports.some(({ aid }) => Buffer.compare(aid, SIMULATOR_ONLY_PACKAGE) === 0),
  }
}

function named(reference: PackageReference): PackageReference {
  const name = packageNameOf(reference.aid)
  return name === undefined ? reference : { ...reference, name }
}

function isFlagged(flags: number, flag: number): boolean {
  return (flags & flag) !== 0
}

function needed(components: Components, name: ComponentName): Uint8Array {
  const component = components.get(name)
  if (component === undefined) throw new InternalError(`${name} was not missed`)
  return component
}

function contradicts(name: 'Export' | 'Applet') {
  return malformed('Header.cap', `its flags and the presence of ${name}.cap contradict each other`)
}
