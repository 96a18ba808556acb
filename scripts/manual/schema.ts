// What a valibot schema says of a key: which values, which default. So the manual cannot say anything else.

/** One key of a table. */
export interface Key {
  readonly name: string
  readonly schema: Schema
  /** As TOML has it; undefined when there is none. */
  readonly fallback: string | undefined
  readonly isRequired: boolean
  /** `whole number, 1 to 255` */
  readonly values: string
}

/** As much of a schema as is looked at here. */
export interface Schema {
  readonly type: string
  readonly pipe?: readonly Step[]
  readonly wrapped?: Schema
  readonly default?: unknown
  readonly options?: readonly unknown[]
  readonly literal?: unknown
  readonly item?: Schema
  readonly value?: Schema
  readonly entries?: Readonly<Record<string, Schema>>
  readonly getter?: (input: unknown) => Schema
}

interface Step {
  readonly type: string
  readonly requirement?: unknown
  readonly message?: unknown
}

/** The keys of a table, in the order of the schema. */
export function keysOf(table: Schema): Key[] {
  const { entries } = table
  if (entries === undefined) throw new Error(`a schema of type ${table.type} is no table`)
  return Object.entries(entries).map(([name, schema]) => ({
    name,
    schema,
    fallback: fallbackOf(schema),
    isRequired: schema.type !== 'optional',
    values: valuesOf(inner(schema)),
  }))
}

/** What is behind `optional`. */
export function inner(schema: Schema): Schema {
  return schema.type === 'optional' && schema.wrapped !== undefined ? inner(schema.wrapped) : schema
}

/** The tables that a key may hold: one, or several when it depends on what is in it. */
export function tablesOf(schema: Schema): Schema[] {
  const { getter } = inner(schema)
  if (getter === undefined) return inner(schema).entries === undefined ? [] : [inner(schema)]
  // All that the schemas look at is whether there is a decoder.
  return [getter({}), getter({ decoder: [] })].flatMap(tablesOf)
}

function fallbackOf({ type, default: value }: Schema): string | undefined {
  if (type !== 'optional' || value === undefined) return undefined
  if (Array.isArray(value) && value.length === 0) return '[]'
  return typeof value === 'object' ? undefined : JSON.stringify(value)
}

function valuesOf(schema: Schema): string {
  const steps = schema.pipe ?? []
  // That it is not empty goes without saying.
  const wants = steps
    .map(({ message }) => message)
    .filter((message) => typeof message === 'string' && !message.endsWith('not empty'))
  switch (schema.type) {
    case 'string':
      return choiceIn(steps) ?? (wants.length > 0 ? wants.join(', ') : 'text')
    case 'number':
      return `whole number${rangeOf(steps)}`
    case 'boolean':
      return 'true or false'
    case 'picklist':
      return (schema.options ?? []).map((option) => JSON.stringify(option)).join(', ')
    case 'literal':
      return JSON.stringify(schema.literal)
    case 'array':
      return `list of: ${schema.item === undefined ? '' : valuesOf(schema.item)}${lengthOf(steps)}`
    case 'strict_object':
    case 'lazy':
    case 'record':
    case 'variant':
      return 'table'
    default:
      throw new Error(`the manual has no words for values of a schema of type ${schema.type}`)
  }
}

/** The choice that a picklist among the steps leaves; checks before it only have better messages. */
function choiceIn(steps: readonly Step[]): string | undefined {
  const picklist = (steps as readonly (Step & Schema)[]).find(({ type }) => type === 'picklist')
  return picklist === undefined ? undefined : valuesOf(picklist)
}

function rangeOf(steps: readonly Step[]): string {
  const [least, most] = [requirementOf(steps, 'min_value'), requirementOf(steps, 'max_value')]
  if (least === undefined) return ''
  return most === undefined ? `, at least ${least}` : `, ${least} to ${most}`
}

function lengthOf(steps: readonly Step[]): string {
  const [least, most] = [requirementOf(steps, 'min_length'), requirementOf(steps, 'max_length')]
  if (least === undefined) return ''
  return most === undefined ? `; at least ${least}` : `; ${least} to ${most} of them`
}

function requirementOf(steps: readonly Step[], type: string): number | undefined {
  const requirement = steps.find((step) => step.type === type)?.requirement
  return typeof requirement === 'number' ? requirement : undefined
}
