// What is past for certain, whatever the clock of this machine says: a Raspberry Pi has none that runs while it is off.

import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/** Something that was before now. */
export interface Landmark {
  /** In words. */
  readonly what: string
  readonly at: Date
}

/** When this program was built: its files have that time, in a package and in an image, too. */
export function buildLandmark(): Landmark {
  return { what: 'this program was built', at: statSync(import.meta.filename).mtime }
}

/**
 * @param path  of the certificate, in PEM
 * @param whose  in words
 * @returns undefined when there is none, or none that can be read
 */
export function certificateLandmark(path: string, whose: string): Landmark | undefined {
  try {
    const { validFrom } = new X509Certificate(readFileSync(path))
    return { what: `the certificate of ${whose} begins`, at: new Date(validFrom) }
  } catch {
    // Whoever needs it says what is wrong with it.
    return undefined
  }
}

/** What is known before any log is read. @param certificate  path of that of the gateway */
export function landmarksOf(certificate: string): Landmark[] {
  const begun = certificateLandmark(certificate, 'the gateway')
  return [buildLandmark(), ...(begun === undefined ? [] : [begun])]
}

/** The landmark that `now` is before, the latest of several; undefined when the clock can be right. */
export function landmarkAfter(nowMs: number, landmarks: readonly Landmark[]): Landmark | undefined {
  const latest = latestOf(landmarks)
  return latest !== undefined && latest.at.getTime() > nowMs + TOLERANCE_MS ? latest : undefined
}

/** The clock's time, or that of the latest landmark when the clock is before it. */
export function soundTime(nowMs: number, landmarks: readonly Landmark[]): Date {
  return landmarkAfter(nowMs, landmarks)?.at ?? new Date(nowMs)
}

/** Seconds by which the clock is behind at least; 0 when it can be right. */
export function secondsBehind(nowMs: number, landmarks: readonly Landmark[]): number {
  const later = landmarkAfter(nowMs, landmarks)
  return later === undefined ? 0 : Math.round((later.at.getTime() - nowMs) / 1000)
}

/** What is wrong with the clock, for people; undefined when it can be right. */
export function clockWords(nowMs: number, landmarks: readonly Landmark[]): string | undefined {
  const later = landmarkAfter(nowMs, landmarks)
  if (later === undefined) return undefined
  return `the clock is behind: it says ${minuteOf(new Date(nowMs))}, and ${later.what} on ${minuteOf(later.at)}`
}

function latestOf(landmarks: readonly Landmark[]): Landmark | undefined {
  return [...landmarks].sort((one, other) => other.at.getTime() - one.at.getTime())[0]
}

/** `1970-01-01 00:00 UTC` */
function minuteOf(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

const TOLERANCE_MS = 60_000
