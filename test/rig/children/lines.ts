// The gateway's GPIO lines on what standard input says. A line of it is the JSON of a call and its arguments; a line
// of output is `{"value": ...}` or `{"error": "CODE: MESSAGE"}`.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { register } from 'node:module'
import { createInterface } from 'node:readline'
import { codeOf, messageOf } from '../../../src/base/errors.ts'
import {
  type Bias,
  type Gpio,
  type GpioKind,
  type InputLine,
  type LineAddress,
  type OutputLines,
  openGpio,
} from '../../../src/drivers/gpio.ts'

let gpio: Gpio
const outputs = new Map<string, OutputLines>()
const inputs = new Map<string, InputLine>()
/** Which line became active (`+`) or inactive (`-`). */
let edges: string[] = []
let atEnd: () => void = () => process.exit(0)

function of<T>(lines: ReadonlyMap<string, T>, name: string): T {
  const found = lines.get(name)
  if (found === undefined) throw new RangeError(name)
  return found
}

function note(name: string, isActive: boolean): void {
  edges.push(`${name}${isActive ? '+' : '-'}`)
}

async function edgesUntil(isEnough: (edges: readonly string[]) => boolean): Promise<string[]> {
  while (!isEnough(edges)) await new Promise((resolve) => setImmediate(resolve))
  const said = edges
  edges = []
  return said
}

const calls = {
  open: async (kind: GpioKind) => {
    gpio = await openGpio(kind)
  },
  /** Loads of the package fail from now on. */
  hide: (name: string) => {
    const hook = `export const resolve = (name, context, next) =>
      name === '${name}' ? Promise.reject(new Error('hidden')) : next(name, context)`
    register(`data:text/javascript,${encodeURIComponent(hook)}`)
  },
  outputs: (name: string, lines: LineAddress[], initial: number) => {
    outputs.set(name, gpio.outputs(lines, initial))
  },
  input: (name: string, line: LineAddress, bias: Bias) => {
    inputs.set(name, gpio.input(line, bias))
  },
  set: (name: string, active: number) => of(outputs, name).set(active),
  isActive: (name: string) => of(inputs, name).isActive,
  watch: (name: string) => of(inputs, name).watch((isActive) => note(name, isActive)),
  /** As `watch`, and gives the line back at the first edge. */
  watchOnce: (name: string) => {
    const input = of(inputs, name)
    input.watch((isActive) => {
      note(name, isActive)
      input[Symbol.dispose]()
    })
  },
  /** Edges since they were last asked for, once there are so many. */
  edges: (count: number) => edgesUntil(({ length }) => length >= count),
  /** The same, once the last one is `edge`. */
  edgesUpTo: (edge: string) => edgesUntil((all) => all.at(-1) === edge),
  /** Toggles an output, on first, and waits for an edge each time; those that came. */
  toggle: async (name: string, times: number) => {
    const seen: string[] = []
    for (let i = 1; i <= times; i++) {
      of(outputs, name).set(i % 2)
      seen.push(...(await edgesUntil(({ length }) => length >= 1)))
    }
    return seen
  },
  /** On and off before anybody can look. */
  blink: (name: string) => {
    of(outputs, name).set(1)
    of(outputs, name).set(0)
  },
  /** An edge comes, and before it can be reported the line is given back and taken again: its file has the same number. */
  replace: (output: string, name: string, line: LineAddress) => {
    of(outputs, output).set(1)
    // System calls enough for the thread that waits for edges to have seen this one.
    for (let i = 0; i < 100; i++) assert.ok(of(inputs, name).isActive)
    calls.dispose(name)
    calls.input(name, line, 'none')
    calls.watch(name)
  },
  dispose: (name: string) => {
    outputs.get(name)?.[Symbol.dispose]()
    inputs.get(name)?.[Symbol.dispose]()
  },
  /** At the end of its input the process waits for what keeps it running. */
  endByItself: () => {
    atEnd = () => undefined
  },
  openFiles: () => readdirSync('/proc/self/fd').length,
}

export type Calls = typeof calls

function call(name: keyof Calls, args: never[]): unknown {
  const named: (...args: never[]) => unknown = calls[name]
  return named(...args)
}

// Also while a call waits for what does not come.
process.stdin.once('end', () => atEnd())
for await (const text of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(text) as [keyof Calls, ...never[]]
  try {
    const value = await call(name, args)
    console.log(JSON.stringify({ value: value ?? null }))
  } catch (error) {
    console.log(JSON.stringify({ error: `${codeOf(error)}: ${messageOf(error)}` }))
  }
}
