// `iose protect-keys`

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf } from '../../base/errors.ts'
import { printable } from '../../client/printable.ts'
import type { Config } from '../../config/config.ts'
import { type CredentialName, PLAIN_KEYS } from '../../config/credentials.ts'
import { loadConfig } from '../../config/load.ts'
import { type CliCommand, CliError, EXIT, type ExitCode, misuse } from './command.ts'
import { KeyDirectory } from './credentials/key-directory.ts'
import { type Done, Incapable, type KeyOrder, protect, unprotect } from './credentials/protection.ts'
import { storePathOf } from './credentials/store.ts'
import { isInstalled } from './credentials/systemd-creds.ts'
import { handOverObstacle } from './credentials/unit.ts'
import { printLine } from './racs/output.ts'
import { flagsIn } from './status-flags.ts'

export const protectKeys: CliCommand = {
  summary: 'keep the keys of the gateway encrypted, as credentials of systemd',
  help: `Usage: sudo iose protect-keys [--replace | --undo] [flags]

Takes pki/server.key and pki/audit.key out of the state directory and puts them into /etc/credstore.encrypted,
encrypted so that this machine alone can decrypt them; the unit iosed.service hands them to the gateway. A plain file is
removed once its credential is on the disk and was decrypted again. What was cut short, the next run completes.

What this is good for: backups and copies of the state directory have no keys of the gateway in them. Without a TPM the
key that encrypts is /var/lib/systemd/credential.secret: whoever has the whole card has that, too.

  --replace        a credential racs-key with another key gives way: after \`iose pki server\`
  --undo           the opposite, before the card or the disk moves to another machine: plain files, mode 0600
  --dry-run        only say what would be done
  --config FILE    of the gateway; default /etc/iose/gateway.toml if it exists, else the defaults
  --state-dir DIR  of the gateway; default: from the configuration, else /var/lib/iose

Where a machine cannot, keys stay files of mode 0600, and the gateway runs as before.

Exit codes: 0 done, or nothing to do; 1 refused; 2 this machine cannot: the reason is on standard error

Example: sudo iose protect-keys && sudo systemctl restart iosed
`,
  async run(args) {
    const values = valuesIn(args)
    if (process.getuid?.() !== 0)
      throw new CliError(EXIT.refused, 'only root may do that\nNext: sudo iose protect-keys')
    const { config } = loadConfig(values.config)
    const stateDir = resolve(values['state-dir'] ?? config.gateway.stateDir ?? SERVICE_STATE_DIR)
    await using directory = await KeyDirectory.open(stateDir)
    const way = values.undo === true ? 'undo' : 'protect'
    if (directory === undefined) return withoutDirectory(way, join(stateDir, 'pki'))
    if (!(await isInstalled())) throw incapable(way, 'there is no systemd-creds')
    const report = new Report(way)
    for (const name of NAMES) {
      await report.add(name, () => {
        if (way === 'protect') checkIsUsed(name, config, stateDir)
        const order: KeyOrder = {
          ...{ name, directory, replace: values.replace === true ? 'allowed' : 'refused' },
          mode: values['dry-run'] === true ? 'tell' : 'do',
        }
        return way === 'undo' ? unprotect(order) : protect(order)
      })
    }
    return report.end()
  },
}

type Way = 'protect' | 'undo'

/** Each key is dealt with, whatever became of the other. */
class Report {
  readonly #way: Way
  readonly #refusals: string[] = []
  readonly #obstacles = new Set<string>()
  #isChanged = false

  constructor(way: Way) {
    this.#way = way
  }

  async add(name: CredentialName, work: () => Promise<Done>): Promise<void> {
    try {
      const { text, isChange } = await work()
      printLine(text)
      this.#isChanged ||= isChange
    } catch (error) {
      if (error instanceof Incapable) this.#obstacles.add(error.message)
      else if (error instanceof CliError) this.#refusals.push(`${name}: ${messageOf(error)}`)
      else throw error
    }
  }

  /** @throws CliError when a key was not dealt with */
  end(): ExitCode {
    if (this.#isChanged) printLine('Next: systemctl restart iosed')
    const obstacle = [...this.#obstacles].join('\n')
    if (this.#refusals.length > 0) {
      throw new CliError(
        EXIT.refused,
        [...this.#refusals, ...this.#obstacles].map((text) => printableLines(text)).join('\n'),
      )
    }
    if (obstacle !== '') throw incapable(this.#way, printableLines(obstacle))
    return EXIT.done
  }
}

/** Before a first start there is nothing to do; afterwards it must be the wrong directory. */
function withoutDirectory(way: Way, path: string): ExitCode {
  if (way === 'undo') {
    const message = `there is no ${path}, where plain keys would be put\nNext: --state-dir, or bring it back`
    throw new CliError(EXIT.refused, message)
  }
  printLine(`there is no ${path} yet; a first start makes it`)
  return EXIT.done
}

/** A credential that nobody hands over, or that the configuration goes before, would be a key taken away. */
function checkIsUsed(name: CredentialName, config: Config, stateDir: string): void {
  if (!existsSync(join(stateDir, PLAIN_KEYS[name]))) return
  const [key, file] =
    name === 'racs-key' ? ['racs.key', config.racs.files.key] : ['audit.key_file', config.audit.keyFile]
  if (file !== undefined) {
    const next = `take ${key} out of the configuration, or keep the key there`
    throw new CliError(
      EXIT.refused,
      `the configuration names ${key} = "${file}", which goes before a credential\nNext: ${next}`,
    )
  }
  const obstacle = handOverObstacle(name)
  if (obstacle !== undefined) throw new Incapable(obstacle)
}

function incapable(way: Way, reason: string): CliError {
  const stay =
    way === 'protect'
      ? 'the keys stay files of mode 0600 in the state directory, and the gateway runs with them as before'
      : `credentials in ${join(storePathOf('racs-key'), '..')} stay as they are`
  return new CliError(EXIT.failed, `this machine cannot: ${reason}\n${stay}`)
}

function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n')
}

function valuesIn(args: readonly string[]) {
  const values = flagsIn(args, OPTIONS)
  if (values.undo === true && values.replace === true) throw misuse('--undo and --replace exclude each other')
  return values
}

const NAMES: readonly CredentialName[] = ['racs-key', 'audit-key']

/** StateDirectory= of the unit: that of the gateway, not of root. */
const SERVICE_STATE_DIR = '/var/lib/iose'

const OPTIONS = {
  config: { type: 'string' },
  'state-dir': { type: 'string' },
  'dry-run': { type: 'boolean' },
  replace: { type: 'boolean' },
  undo: { type: 'boolean' },
} as const
