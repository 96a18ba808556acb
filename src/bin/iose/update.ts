// `iose update`

import { parseArgs } from 'node:util'
import { messageOf } from '../../base/errors.ts'
import { UpdateError, type UpdateErrorCode } from '../../update/errors.ts'
import { type CliCommand, CliError, EXIT, type ExitCode, misuse } from './command.ts'
import { apply } from './update/apply.ts'
import { confirm } from './update/confirm.ts'
import { inspect } from './update/inspect.ts'
import { OPTIONS, type UpdateCall } from './update/options.ts'
import { receive } from './update/receive.ts'
import { signUpdate } from './update/sign.ts'
import { status } from './update/status.ts'

export const update: CliCommand = {
  summary: 'update an appliance with two slots; what runs there, and how the last update went',
  help: `Usage: sudo iose update FILE|- [--dry-run] [--reboot] [--allow-downgrade]
       sudo iose update status [--json]
       iose update inspect FILE|- [--json]
       iose update sign IMAGE --key FILE --output FILE --board NAME...
       sudo iose update confirm [--timeout SECONDS]
       iose update receive

Writes a signed update (FILE, or what comes on standard input) to the slot that does not run, reads it back, and has it
started next. Until that last step, and whenever it is cut short, the machine starts what it has now. A file called status
is ./status.

status says what runs, what is in the other slot, and what became of the last update. inspect shows what a file says of
itself and whether this machine would trust it. confirm is the health gate, which the appliance runs after each start: it
waits until both planes accept and an element answers (or none is configured), and then keeps the slot that runs. A slot
that was confirmed before is kept in any case, and has its tries back.

An operator updates over the status page, too: the gateway hands what is uploaded to receive, which iose-update.socket of
systemd starts as root for it, with an order and the update on the socket that is its standard input. It takes no downgrade.

sign makes an update out of IMAGE, an image of scripts/build-image or the file of one slot. The version is that of the
image, which unsquashfs of the package squashfs-tools reads.

  --dry-run            verify all of it, write nothing
  --reboot             start the new slot at once
  --allow-downgrade    take an older version, unless an update before it forbids that
  --json               as JSON
  --timeout SECONDS    how long confirm waits; default 180
  --key FILE           the private key, Ed25519 in PEM: openssl genpkey -algorithm ed25519 -out FILE
  --output FILE        where to put the update, such as gateway-1.2.0.ioseup
  --board NAME         a board that it is for, as in compatible of its device tree; once for each
  --minimum VERSION    once this update is confirmed, nothing older is installed or fallen back to; default 0.0.0
  --version VERSION    where that in the image cannot be read; another one is refused
  --root DIR           the files of the appliance are below DIR; default /
  --disk PATH          its disk, or an image of it; default the one that the system was started from
  --config FILE, --state-dir DIR
                       of the gateway that confirm asks

Public keys are in /usr/share/iose-gateway/update-keys and /etc/iose/update-keys, one in each file that ends in .pem.

Exit codes: 0 done; 1 refused: the file, its signature, its version, or the mission is not met; 2 the disk failed or is
full, or this machine is no appliance

Example: sudo iose update gateway-1.2.0.ioseup --reboot
`,
  async run(args) {
    const call = callOf(args)
    const action = Object.hasOwn(ACTIONS, call.words[0] ?? '') ? ACTIONS[call.words[0] ?? ''] : undefined
    try {
      return await (action === undefined ? apply(call) : action({ ...call, words: call.words.slice(1) }))
    } catch (error) {
      throw error instanceof UpdateError ? complaintOf(error) : error
    }
  },
}

const ACTIONS: Readonly<Record<string, (call: UpdateCall) => Promise<ExitCode>>> = {
  status,
  inspect,
  sign: signUpdate,
  confirm,
  receive,
}

function callOf(args: readonly string[]): UpdateCall {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    return { values, words: positionals }
  } catch (error) {
    throw misuse(messageOf(error))
  }
}

function complaintOf(error: UpdateError): CliError {
  const { exitCode, next } = COMPLAINTS[error.code]
  const advice = next === undefined ? '' : `\nNext: ${next}`
  return new CliError(exitCode, `${messageOf(error)}${advice}`)
}

const COMPLAINTS: Readonly<Record<UpdateErrorCode, { exitCode: ExitCode; next?: string }>> = {
  'update.malformed': { exitCode: EXIT.refused, next: 'get the file again; what runs now stays' },
  'update.untrusted': {
    exitCode: EXIT.refused,
    next: 'ask whoever made it for their public key; if you trust it, put it into /etc/iose/update-keys as NAME.pem',
  },
  'update.unfit': { exitCode: EXIT.refused },
  'update.no-appliance': {
    exitCode: EXIT.failed,
    next: 'on Debian: apt-get install --only-upgrade iose-gateway; on an appliance: iose doctor',
  },
  'update.not-now': {
    exitCode: EXIT.refused,
    next: 'iose update status; wait for the health gate, or restart',
  },
  'update.busy': { exitCode: EXIT.refused, next: 'iose update status, once it is done' },
  'update.disk': {
    exitCode: EXIT.failed,
    next: 'dmesg says what the disk reported; what runs now stays, until the card is replaced',
  },
  // Not `refused`: the health gate would have the machine started again for it.
  'update.full': {
    exitCode: EXIT.failed,
    next: 'make room on the data partition: df -h /data; du -xh -d 3 /data | sort -h | tail; what runs now stays',
  },
  'update.image': { exitCode: EXIT.refused, next: 'scripts/build-image makes one' },
  'update.key': { exitCode: EXIT.refused },
  'update.unanswered': { exitCode: EXIT.failed, next: 'journalctl -u "iose-update@*"' },
}
