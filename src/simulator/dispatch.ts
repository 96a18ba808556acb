// How a command reaches its instruction: tables of instructions are data, one for each application.

import { type Answer, SW, status } from './answer.ts'
import type { Command } from './command.ts'
import type { Pins } from './pins.ts'

/** One row: who may use it, whether P3 is a data length, what it does. */
export interface Instruction<Host> {
  readonly right: 'anyone' | 'pin' | 'admin'
  readonly takes: 'data' | 'no data'
  readonly run: (host: Host, command: Command) => Answer
}

/** Instructions by INS. */
export type InstructionTable<Host> = ReadonlyMap<number, Instruction<Host>>

export function dispatch<Host extends { readonly pins: Pins }>(
  table: InstructionTable<Host>,
  host: Host,
  command: Command,
): Answer {
  const instruction = table.get(command.ins)
  if (instruction === undefined) return status(SW.UNKNOWN_INS)
  if (!hasRight(instruction.right, host.pins)) return status(SW.RIGHT_MISSING)
  if (instruction.takes === 'data' && command.data.length !== command.p3) return status(SW.WRONG_LENGTH)
  return instruction.run(host, command)
}

function hasRight(right: Instruction<unknown>['right'], pins: Pins): boolean {
  switch (right) {
    case 'anyone':
      return true
    case 'pin':
      return pins.isUserOrAdmin
    case 'admin':
      return pins.isAdmin
    default:
      return right satisfies never
  }
}
