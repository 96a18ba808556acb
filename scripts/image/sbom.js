// Writes the bill of materials of an image: sbom.js VERSION DPKG-STATUS UNPACKED OUTPUT, giving OUTPUT.spdx.json (SPDX 2.3)
// and OUTPUT.packages (a line a package). What is in it: packages of Debian, those of npm out of the lockfile, Node.js.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const [version = '', status = '', unpacked = '', output = ''] = process.argv.slice(2)
const debian = [...installed(readFileSync(status, 'utf8')), ...unpackedOnes(readFileSync(unpacked, 'utf8'))]
const parts = [...debian, ...npm(JSON.parse(readFileSync('package-lock.json', 'utf8'))), node()]
parts.sort((a, b) => (a.purl < b.purl ? -1 : 1))

writeFileSync(
  `${output}.packages`,
  parts.map((part) => `${part.kind}\t${part.name}\t${part.version}\n`).join(''),
)
writeFileSync(`${output}.spdx.json`, `${JSON.stringify(document(), null, 1)}\n`)

function document() {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  const image = {
    SPDXID: 'SPDXRef-image',
    name: 'iose-gateway-image',
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
  }
  const packages = parts.map((part, index) => ({
    SPDXID: `SPDXRef-${index}`,
    name: part.name,
    versionInfo: part.version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: part.licence ?? 'NOASSERTION',
    ...(part.source === undefined ? {} : { sourceInfo: part.source }),
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: part.purl },
    ],
  }))
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `iose-gateway_${version}_arm64.img`,
    documentNamespace: `urn:iose-gateway:image:${version}:${digest}`,
    creationInfo: {
      created: new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString().replace('.000', ''),
      creators: ['Tool: scripts/image/sbom.js'],
    },
    packages: [{ ...image, filesAnalyzed: false }, ...packages],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: image.SPDXID },
      ...packages.map(({ SPDXID }) => ({
        spdxElementId: image.SPDXID,
        relationshipType: 'CONTAINS',
        relatedSpdxElement: SPDXID,
      })),
    ],
  }
}

function installed(text) {
  return text
    .trim()
    .split('\n\n')
    .map((block) =>
      Object.fromEntries([...block.matchAll(/^([A-Za-z-]+): (.*)$/gm)].map(([, key, value]) => [key, value])),
    )
    .filter((fields) => fields.Status === 'install ok installed')
    .map((fields) => {
      // `Source: name (version)`, where it differs from the package's own.
      const [, source = fields.Package, of = fields.Version] =
        /^(\S+)(?: \((.*)\))?$/.exec(fields.Source ?? '') ?? []
      return debianPart(fields.Package, fields.Version, fields.Architecture, `${source} ${of}`)
    })
}

function unpackedOnes(text) {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([name, version, arch, source, of]) => debianPart(name, version, arch, `${source} ${of}`))
}

function debianPart(name, version, arch, source) {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}`
  return { kind: 'debian', name, version, purl, source: `built from source package ${source}` }
}

// What the package of the gateway brings along: nothing that only develops, and nothing for other machines.
function npm(lock) {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional && fits(entry))
    .map(([path, entry]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      const purl = `pkg:npm/${name.replace('@', '%40')}@${entry.version}`
      return { kind: 'npm', name, version: entry.version, purl, licence: entry.license }
    })
}

function fits(entry) {
  return (entry.cpu?.includes('arm64') ?? true) && (entry.os?.includes('linux') ?? true)
}

function node() {
  const [, , , version = ''] =
    /^arm64\s.*$/m.exec(readFileSync('scripts/deb/node-versions', 'utf8'))?.[0].split(/\s+/) ?? []
  return { kind: 'node', name: 'node', version, purl: `pkg:generic/node@${version}`, licence: 'MIT' }
}
