// What the service manager is told of this process (sd_notify(3)): that it is ready, reloads, stops, is alive.

import { messageOf } from '../../../base/errors.ts'
import type { Log } from '../../../base/log.ts'

export interface Notifier {
  /** One or more `VARIABLE=value`; values without line feeds. Never throws. */
  tell(...assignments: readonly string[]): void
}

/**
 * Tells whoever listens at $NOTIFY_SOCKET; without one, nobody. The variable is removed: it is not for our children.
 * The addon is loaded here and not before.
 */
export async function openNotifier(environment: NodeJS.ProcessEnv, log: Log): Promise<Notifier> {
  const address = environment['NOTIFY_SOCKET'] ?? ''
  delete environment['NOTIFY_SOCKET']
  if (address === '') return { tell: () => undefined }
  const advice =
    'systemd will take this service for one that does not start; `npm ci --include=optional` brings koffi'
  try {
    const { NotifySocket } = await import('./notify-socket.ts')
    const socket = new NotifySocket(address)
    let isSilent = false
    return {
      tell(...assignments) {
        try {
          socket.send(assignments.join('\n'))
          isSilent = false
        } catch (error) {
          if (!isSilent) log.warn('service.notify-failed', { cause: messageOf(error) })
          isSilent = true
        }
      },
    }
  } catch (error) {
    log.error('service.notify-unavailable', { cause: messageOf(error), advice })
    return { tell: () => undefined }
  }
}

/** To be told when a reload begins, with `RELOADING=1`: systemd orders messages by it. */
export function monotonicUsec(): string {
  return `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`
}
