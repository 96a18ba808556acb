// S-expressions: how KiCad's files are written and read.

import { createHash } from 'node:crypto'

export type Expression = string | readonly Expression[]

/** Identifiers that are the same each time: KiCad wants a UUID for each thing. */
export class Id {
  readonly #stem: string

  constructor(stem: string) {
    this.#stem = stem
  }

  of(name: string): string {
    const hex = createHash('sha256').update(`${this.#stem}\n${name}`).digest('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  }
}

export function quoted(text: string): string {
  return JSON.stringify(text)
}

/** One to a line, indented. */
export function list(head: string, items: readonly string[]): string {
  const inner = items.map((item) => `  ${item.replaceAll('\n', '\n  ')}`)
  return `(${head}\n${inner.join('\n')}\n)`
}

/** The first expression in `text`. @throws Error when it has no end */
export function expressionIn(text: string): Expression {
  const stack: Expression[][] = [[]]
  for (const [token] of text.matchAll(/"(?:\\.|[^"\\])*"|[()]|[^\s()"]+/g)) {
    const top = stack.at(-1) ?? []
    if (token === '(') stack.push([])
    else if (token === ')') {
      stack.pop()
      stack.at(-1)?.push(top)
      if (stack.length === 1) return top
    } else top.push(token.startsWith('"') ? (JSON.parse(token) as string) : token)
  }
  throw new Error('an expression without end')
}

/** The lists in `expression` that begin with `head`. */
export function childrenOf(expression: Expression, head: string): (readonly Expression[])[] {
  if (typeof expression === 'string') return []
  return expression.filter(
    (item): item is readonly Expression[] => typeof item !== 'string' && item[0] === head,
  )
}

/** What follows `head` in its only list, as text. */
export function valueOf(expression: Expression, head: string): string | undefined {
  const value = childrenOf(expression, head)[0]?.[1]
  return typeof value === 'string' ? value : undefined
}
