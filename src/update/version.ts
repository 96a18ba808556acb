// Versions of what is in a slot, and which of two is newer. Pure.

/** Major, minor and patch number, and the identifiers after the hyphen; none for a release. */
export interface Version {
  readonly text: string
  readonly numbers: readonly [number, number, number]
  readonly preRelease: readonly string[]
}

/** Bytes that a version may have, in files and on disks. */
export const MAX_VERSION_BYTES = 32

/**
 * A version as in Semantic Versioning 2.0.0 without build metadata. Debian writes `~` where that has the first `-`;
 * both are read, `-` is kept.
 * @returns undefined when it is none
 */
export function versionOf(text: string): Version | undefined {
  if (text.length > MAX_VERSION_BYTES) return undefined
  const [, major = '', minor = '', patch = '', suffix = ''] = PATTERN.exec(text) ?? []
  const preRelease = suffix === '' ? [] : suffix.split('.')
  // Numbers have no leading zeros, so that there is one text for one version.
  if (major === '' || preRelease.some((part) => /^(|0\d+)$/.test(part))) return undefined
  return {
    text: text.replace('~', '-'),
    numbers: [Number(major), Number(minor), Number(patch)],
    preRelease,
  }
}

/** Below 0 when `one` is older, above 0 when it is newer, 0 when they are the same: section 11 of Semantic Versioning 2.0.0. */
export function compareVersions(one: Version, other: Version): number {
  for (const [index, number] of one.numbers.entries()) {
    const difference = number - (other.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  // A pre-release comes before its release.
  if (one.preRelease.length === 0 || other.preRelease.length === 0) {
    return Number(one.preRelease.length === 0) - Number(other.preRelease.length === 0)
  }
  for (const [index, part] of one.preRelease.entries()) {
    const difference = compareParts(part, other.preRelease[index])
    if (difference !== 0) return difference
  }
  return one.preRelease.length - other.preRelease.length
}

/** Numbers go before words, and nothing goes before both. */
function compareParts(one: string, other: string | undefined): number {
  if (other === undefined) return 1
  const [isNumber, isOtherNumber] = [one, other].map((part) => /^\d+$/.test(part))
  if (isNumber !== isOtherNumber) return isNumber === true ? -1 : 1
  // Longer than any number that is exact, they are compared by length, then as text.
  if (isNumber === true && one.length !== other.length) return one.length - other.length
  if (one === other) return 0
  return one < other ? -1 : 1
}

const PATTERN = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:[-~]([0-9A-Za-z.-]+))?$/
