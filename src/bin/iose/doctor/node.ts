// Which Node.js, and on what.

import { type Finding, fine, warning, wrong } from './finding.ts'

export interface Runtime {
  /** `20.19.0`. */
  readonly version: string
  readonly platform: string
  readonly arch: string
}

/** What is to be said of it; for Linux, and the versions that the gateway is tested with. */
export function nodeFinding({ version, platform, arch }: Runtime): Finding {
  const found = `v${version}, ${arch}${platform === 'linux' ? '' : `, ${platform}`}`
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < OLDEST_MAJOR || (major === OLDEST_MAJOR && minor < OLDEST_MINOR)) {
    const meaning = `Node.js ${OLDEST_MAJOR}.${OLDEST_MINOR} or newer is needed`
    return wrong(CHECK, { found, meaning, remedy: INSTALL })
  }
  if (platform !== 'linux') {
    const meaning = 'buses, lines and readers are those of Linux; only simulated elements and SIM arrays work'
    return warning(CHECK, {
      found,
      meaning,
      remedy: 'run the gateway on Linux, on a Raspberry Pi for instance',
    })
  }
  if (!TESTED_MAJORS.includes(major)) {
    const meaning = `the gateway is tested with ${TESTED_MAJORS.join(', ')}`
    return warning(CHECK, { found, meaning, remedy: INSTALL })
  }
  if (!KNOWN_ARCHS.includes(arch)) {
    const meaning = `the gateway is tested on ${KNOWN_ARCHS.join(', ')}`
    return warning(CHECK, { found, meaning, remedy: 'scripts/test shows whether it works here' })
  }
  return fine(CHECK, found)
}

const CHECK = 'node'
const OLDEST_MAJOR = 20
const OLDEST_MINOR = 19
const TESTED_MAJORS = [20, 22, 24]
const KNOWN_ARCHS = ['x64', 'arm64', 'arm']
const INSTALL =
  'curl -fsSL https://deb.nodesource.com/setup_24.x | sudo bash - && sudo apt-get install nodejs'
