// A node:test reporter that prints one plain line at the end: `N passed, N failed, N skipped`.
// JavaScript, because node loads reporters before it has a loader for TypeScript.

export default async function* counts(source) {
  const totals = new Map()
  for await (const { type, data } of source) {
    const match = type === 'test:diagnostic' ? /^(\w+) (\d+)$/.exec(data.message ?? '') : null
    if (match !== null && data.nesting === 0) totals.set(match[1], Number(match[2]))
  }
  const of = (name) => totals.get(name) ?? 0
  yield `${of('pass')} passed, ${of('fail') + of('cancelled')} failed, ${of('skipped') + of('todo')} skipped\n`
}
