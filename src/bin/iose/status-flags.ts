// Flags of the commands that ask the status plane.

import { type ParseArgsConfig, parseArgs } from 'node:util'
import { messageOf } from '../../base/errors.ts'
import { misuse } from './command.ts'

/** The flags in `args`; there are no other words. @throws CliError of usage */
export function flagsIn<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values
  } catch (error) {
    throw misuse(messageOf(error))
  }
}

/** What `--status` says. @throws CliError of usage */
export function statusUrlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:') return url
  throw misuse(`--status ${text}: not of the form http://HOST:PORT`)
}
