// The gateway as a process: command line, configuration, signals, exit codes.

import { systemClock } from '../../base/clock.ts'
import { codeOf, messageOf } from '../../base/errors.ts'
import { createLog, isJournalOutput, type Log } from '../../base/log.ts'
import { DEFAULT_CONFIG } from '../../config/default.ts'
import { ConfigError } from '../../config/errors.ts'
import { type LoadedConfig, loadConfig, loadUsers } from '../../config/load.ts'
import { startGateway } from './gateway.ts'
import { commandOf, HELP } from './options.ts'
import { monotonicUsec, openNotifier } from './service/notifier.ts'
import { inheritedSockets, tellElsewhere } from './service/sockets.ts'
import { Watchdog, watchdogPeriodMs } from './service/watchdog.ts'
import { versionOf } from './version.ts'

const EXIT = { clean: 0, usage: 64, bug: 70, configuration: 78 } as const

/** sysexits-style exit code of the process, or undefined while the gateway goes on. */
async function main(args: readonly string[]): Promise<number | undefined> {
  const command = commandOf(args)
  switch (command.kind) {
    case 'help':
      process.stdout.write(HELP)
      return EXIT.clean
    case 'version':
      process.stdout.write(`${versionOf()}\n`)
      return EXIT.clean
    case 'print-default-config':
      process.stdout.write(DEFAULT_CONFIG)
      return EXIT.clean
    case 'misuse':
      process.stderr.write(`iosed: ${command.message}\nTry: iosed --help\n`)
      return EXIT.usage
    case 'check-config': {
      const { config, source } = loadConfig(command.configFile)
      process.stdout.write(`${source}: good, ${config.slots.length} slots\n`)
      const { usersFile } = command
      if (usersFile !== undefined) {
        process.stdout.write(`${usersFile}: good, ${loadUsers(usersFile).length} users\n`)
      }
      return EXIT.clean
    }
    case 'run':
      return run(loadConfig(command.configFile))
    default:
      return command satisfies never
  }
}

async function run({ config, source }: LoadedConfig): Promise<undefined> {
  const log = createLog({ level: config.gateway.logLevel, isJournal: isJournalOutput(process.env) })
  process.on('uncaughtException', (error) => crash(log, error))
  log.info('config.loaded', { source, slots: config.slots.length })
  const { env, pid } = process
  const sockets = inheritedSockets(env, pid)
  const watchdogMs = watchdogPeriodMs(env, pid)
  const notifier = await openNotifier(env, log)
  const gateway = await startGateway(config, { log, version: versionOf(), sockets })
  tellElsewhere(sockets, config, { addresses: gateway.addresses, log })
  let isStopping = false
  const stop = (signal: string): void => {
    if (isStopping) process.exit(EXIT.clean)
    isStopping = true
    log.info('gateway.stopping', { signal })
    notifier.tell('STOPPING=1', 'STATUS=lets sessions end, then resets the elements')
    gateway.close().then(
      (isDrained) => {
        log.info('gateway.stopped')
        // An addon that is in the middle of a call may keep `exit` waiting for ever.
        if (!isDrained) process.kill(process.pid, 'SIGKILL')
        process.exit(EXIT.clean)
      },
      (error: unknown) => crash(log, error),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('SIGHUP', () => {
    notifier.tell('RELOADING=1', monotonicUsec())
    gateway
      .reload()
      .then(() => notifier.tell('READY=1'))
      .catch((error: unknown) => crash(log, error))
  })
  const status = (): string => `STATUS=${gateway.summary()}`
  notifier.tell('READY=1', status())
  const feed = (): void => notifier.tell('WATCHDOG=1', status())
  const { calls } = gateway
  if (watchdogMs !== undefined) new Watchdog({ clock: systemClock, log, periodMs: watchdogMs, calls, feed })
  // Last: whoever reads this may send the first signal at once.
  log.info('gateway.ready', { version: versionOf(), ...gateway.addresses })
}

/** An exception that nobody expected: our bug. The state is unknown, so the process ends. */
function crash(log: Log, error: unknown): never {
  const stack = error instanceof Error ? error.stack : undefined
  log.error('gateway.crashed', { code: codeOf(error), cause: messageOf(error), stack })
  process.exit(EXIT.bug)
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    if (exitCode !== undefined) process.exitCode = exitCode
  },
  (error: unknown) => {
    const isConfig = error instanceof ConfigError
    const advice = isConfig
      ? 'Try: iosed --check-config, iosed --print-default-config'
      : 'This is a bug of ours.'
    process.stderr.write(`iosed: ${messageOf(error)}\n${advice}\n`)
    process.exit(isConfig ? EXIT.configuration : EXIT.bug)
  },
)
