// Reads the text that Prometheus scrapes, strictly: what it does not understand is an error.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface ParsedFamily {
  readonly help: string
  readonly type: string
  /** `name{label="value"}` with labels in alphabetical order -> value. */
  readonly samples: ReadonlyMap<string, number>
}

/** Families by name, in their order. */
export function parsed(text: string): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily & { samples: Map<string, number> }>()
  let name = ''
  let help = ''
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, keyword, of = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (keyword === 'HELP') help = rest
    else if (keyword === 'TYPE') {
      assert.ok(!families.has(of), `${of} twice`)
      name = of
      families.set(name, { help, type: rest, samples: new Map() })
    } else {
      const [, sample = '', labels = '', value = ''] = SAMPLE.exec(line) ?? assert.fail(line)
      const family = families.get(name) ?? assert.fail(`${line} before its TYPE`)
      const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      assert.ok(
        suffixes.some((suffix) => sample === name + suffix),
        line,
      )
      const key = keyOf(sample, Object.fromEntries(labelsOf(labels)))
      assert.ok(!family.samples.has(key), `${key} twice`)
      const number = value === '+Inf' ? Infinity : Number(value)
      assert.ok(!Number.isNaN(number), line)
      family.samples.set(key, number)
    }
  }
  return families
}

/** All samples of all families. */
export function samplesOf(text: string): Map<string, number> {
  return new Map([...parsed(text).values()].flatMap(({ samples }) => [...samples]))
}

export function keyOf(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const text = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')
  return text === '' ? name : `${name}{${text}}`
}

/** What Prometheus itself checks with: on the path, or where scripts/test puts it; undefined when it is missing. */
export const PROMTOOL = ['promtool', join(import.meta.dirname, '../../.cache/promtool')].find(
  (command) =>
    (command === 'promtool' || existsSync(command)) && spawnSync(command, ['--version']).status === 0,
)

/** Why a test that needs it cannot run here, or false. */
export const noPromtool: string | false =
  PROMTOOL === undefined && 'MISSING: promtool is not installed, this test needs it'

/** What promtool has to say; empty when all is well. */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(PROMTOOL ?? 'promtool', args, { input, encoding: 'utf8' })
  return status === 0 && stderr === '' ? '' : `${stdout}${stderr}exit ${status}`
}

function labelsOf(text: string): [string, string][] {
  const labels: [string, string][] = []
  for (let rest = text; rest !== ''; ) {
    const [whole, name = '', value = ''] = LABEL.exec(rest) ?? assert.fail(`labels ${text}`)
    labels.push([name, value])
    rest = rest.slice(whole.length)
  }
  return labels
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/
