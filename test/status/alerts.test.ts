// The rules and the dashboard that we hand out: correct, and of metrics that there are.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { busyBench } from '../support/busy-status.ts'
import { noPromtool, parsed, promtool } from '../support/exposition.ts'

const ALERTS = join(import.meta.dirname, '../../docs/alerts.yml')
const DASHBOARD = join(import.meta.dirname, '../../docs/grafana-dashboard.json')
/** Known by name only: there where an audit log is kept, or the medium is an eMMC. */
const ELSEWHERE = ['iose_audit_stopped', 'iose_clock_behind_seconds', 'iose_medium_life_used_ratio']

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly targets?: readonly { readonly expr: string }[]
}

interface Dashboard {
  readonly title: string
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { readonly name: string }[] }
  readonly panels: readonly Panel[]
}

test('alerts: promtool takes all rules', { skip: noPromtool }, () => {
  assert.equal(promtool(['check', 'rules', ALERTS]), '')
})

test('alerts: each metric that a rule names exists', async () => {
  const text = readFileSync(ALERTS, 'utf8')
  const rules = text.split('- alert: ').slice(1)
  assert.ok(rules.length >= 12)
  for (const rule of rules) assert.match(rule, /expr:.*severity:.*summary: .*/s)
  assert.deepEqual(await unknownIn(text.replaceAll('job_name: iose', '')), [])
})

test('dashboard: it can be imported, and no two panels are in one place', () => {
  const { title, schemaVersion, templating, panels } = dashboard()
  assert.ok(title !== '' && schemaVersion >= 36)
  assert.deepEqual(
    templating.list.map(({ name }) => name),
    ['datasource', 'instance'],
  )
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) => {
    assert.ok(x + w <= 24)
    return Array.from({ length: h * w }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`)
  })
  assert.equal(new Set(cells).size, cells.length)
})

test('dashboard: each metric that it names exists', async () => {
  assert.deepEqual(await unknownIn(expressions().join('\n')), [])
})

test('dashboard: Prometheus understands every expression', { skip: noPromtool }, () => {
  const rules = expressions().map((expr, n) => ({
    record: `panel:${n}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
  }))
  const directory = mkdtempSync(join(tmpdir(), 'dashboard-'))
  // JSON is YAML.
  writeFileSync(join(directory, 'rules.yml'), JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  assert.equal(promtool(['check', 'rules', join(directory, 'rules.yml')]), '')
  rmSync(directory, { recursive: true })
})

function dashboard(): Dashboard {
  return JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard
}

function expressions(): string[] {
  const found = dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  assert.ok(found.length > 20)
  return found
}

/** Names of metrics in `text` that nobody exposes. */
async function unknownIn(text: string): Promise<string[]> {
  await using bench = await busyBench()
  const { text: page } = await bench.get('/metrics')
  const known = new Set(ELSEWHERE)
  for (const [name, { type }] of parsed(page)) {
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
    for (const suffix of suffixes) known.add(name + suffix)
  }
  return [...new Set(text.match(/\biose_[a-z0-9_]+/g))].filter((name) => !known.has(name))
}
