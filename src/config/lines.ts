// GPIO lines and decoders in the configuration, as the drivers take them.

import * as v from 'valibot'
import { text } from './values.ts'

const offset = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1023))
const level = v.picklist(['high', 'low'])

const lineEntries = { line: offset, chip: v.optional(text) }
const decoderEntries = {
  decoder: v.pipe(v.array(offset), v.minLength(1), v.maxLength(6)),
  enable: offset,
  enable_active: v.optional(level, 'low'),
  output: v.pipe(v.number(), v.integer(), v.minValue(0)),
  chip: v.optional(text),
}

/** `{ line, active, chip }`. */
export const line = (active: 'high' | 'low') =>
  v.strictObject({ ...lineEntries, active: v.optional(level, active) })

/** `{ decoder, enable, enable_active, output, chip }`: address inputs of the decoder, lowest bit first. */
export const decoderOutput = v.pipe(
  v.strictObject(decoderEntries),
  v.check(({ decoder, output }) => output < 2 ** decoder.length, 'an output that the decoder has'),
  v.transform(({ decoder, enable, enable_active: active, output, chip }) => ({
    address: decoder.map((line) => ({ chip, line, active: 'high' as const })),
    enable: { chip, line: enable, active },
    output,
  })),
)

/** Either of them. */
export const resetLine = v.lazy((input) =>
  typeof input === 'object' && input !== null && 'decoder' in input ? decoderOutput : line('low'),
)

export const LINE_KEYS = [...Object.keys(lineEntries), 'active']
export const DECODER_KEYS = Object.keys(decoderEntries)

export type Line = v.InferOutput<ReturnType<typeof line>>
export type DecoderOutput = v.InferOutput<typeof decoderOutput>

/**
 * What is taken when `used` belongs to `owner`: a line, or an output of a decoder. The decoder's own lines belong to
 * the decoder, and so to all who name it.
 * @returns what is used, in words -> who owns it
 */
export function usesOf(used: Line | DecoderOutput, owner: string): [string, string][] {
  if (!('output' in used)) return [[nameOf(used), owner]]
  const lines = [...used.address, used.enable]
  const decoder = `the decoder at ${lines.map(({ line }) => line).join(', ')}`
  return [
    ...lines.map((line): [string, string] => [nameOf(line), decoder]),
    [`output ${used.output} of ${decoder}`, owner],
  ]
}

function nameOf({ line, chip }: Line): string {
  return `GPIO line ${line}${chip === undefined ? '' : ` of ${chip}`}`
}
