// `iose update FILE`

import { messageOf } from '../../../base/errors.ts'
import { applyUpdate } from '../../../update/apply.ts'
import { TRIES } from '../../../update/boot-state.ts'
import { payloadBytes, type UpdateHeader } from '../../../update/header.ts'
import { otherSlot } from '../../../update/layout.ts'
import { CliError, EXIT, type ExitCode, misuse } from '../command.ts'
import { printLine } from '../racs/output.ts'
import { applianceOf, bytesOf, checkFlags, onlyWord, type UpdateCall } from './options.ts'
import { Progress } from './progress.ts'
import { reboot } from './reboot.ts'

export async function apply(call: UpdateCall): Promise<ExitCode> {
  checkFlags(call, 'an update', ['dry-run', 'reboot', 'allow-downgrade'])
  const { values } = call
  const file = onlyWord(call, 'a file or a command (status, inspect, sign, confirm, receive)')
  const mode = values['dry-run'] === true ? 'check' : 'install'
  if (mode === 'check' && values.reboot === true) throw misuse('--dry-run and --reboot exclude each other')
  const appliance = await applianceOf(call)
  const slot = otherSlot(appliance.slot)
  let progress: Progress | undefined
  const onHeader = (header: UpdateHeader): void => {
    printLine(
      `version ${header.version.text}, signed with key ${header.keyId}; ${appliance.version.text} runs in slot ${appliance.slot}`,
    )
    const verbs = mode === 'check' ? READING : WRITING
    progress = new Progress(process.stdout, payloadBytes(header), verbs)
  }
  try {
    const { version } = await applyUpdate({
      ...{ appliance, mode, onHeader, bytes: bytesOf(file), now: () => new Date() },
      downgrade: values['allow-downgrade'] === true ? 'allowed' : 'refused',
      onProgress: (phase, doneBytes) => progress?.tell(phase, doneBytes),
      onUnnoted: (error) => {
        progress?.end()
        printLine(`Not in the journal, so \`iose update status\` does not tell of it: ${messageOf(error)}`)
      },
    })
    progress?.end()
    if (mode === 'check') {
      printLine(`The update is whole, and would go into slot ${slot}. Nothing was written.`)
      return EXIT.done
    }
    printLine(
      `Version ${version.text} is in slot ${slot}, which has ${TRIES.onTrial} tries to prove itself; then slot ${appliance.slot} is back.`,
    )
  } finally {
    progress?.end()
  }
  if (values.reboot === true) await restart()
  else printLine('Next: systemctl reboot')
  return EXIT.done
}

async function restart(): Promise<void> {
  try {
    await reboot()
  } catch (error) {
    const message = `the update is installed, but systemctl reboot failed: ${messageOf(error)}\nNext: restart the machine`
    throw new CliError(EXIT.failed, message)
  }
}

const WRITING = { write: 'written', check: 'compared with what was signed' } as const
const READING = { write: 'verified', check: 'verified' } as const
