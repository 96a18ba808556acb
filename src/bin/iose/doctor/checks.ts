// All checks, in the order in which they are told.

import type { Config } from '../../../config/config.ts'
import { tokenFindings, usersFindings } from './access-files.ts'
import { addonChecks, addonsOf } from './addons.ts'
import { certificateChecks, isBeforeFirstStart } from './certificates.ts'
import { clockFindings } from './clock.ts'
import { coreDumpFindings } from './core-dumps.ts'
import { deviceChecks } from './devices.ts'
import type { Check } from './examine.ts'
import { fine } from './finding.ts'
import { flashFindings } from './flash.ts'
import { keyProtectionFindings } from './key-protection.ts'
import { limitFindings } from './limits.ts'
import { nodeFinding } from './node.ts'
import { portChecks, runningGateway } from './ports.ts'
import { serviceChecks } from './services.ts'
import { stateFindings } from './state.ts'
import type { Subject } from './subject.ts'
import { configurationFindings, updateFindings } from './update.ts'

/** The one that needs no configuration. */
export function nodeCheck(): Check {
  const { platform, arch, versions } = process
  return { name: 'node', look: () => [nodeFinding({ version: versions.node, platform, arch })] }
}

/**
 * Those of what the configuration describes.
 * @param tokenFile  of the status plane
 */
export async function gatewayChecks(subject: Subject, tokenFile: string): Promise<Check[]> {
  const { config } = subject
  const gateway = runningGateway(config)
  const isFirst = await isBeforeFirstStart(subject)
  return [
    ...addonLines(config),
    ...deviceChecks(subject),
    ...serviceChecks(subject),
    { name: 'clock', look: () => clockFindings(subject) },
    ...portChecks(config),
    ...(isFirst ? [FIRST_START] : certificateChecks(subject)),
    ...(isFirst ? [] : [{ name: 'users', look: () => usersFindings(subject) }]),
    { name: 'token', look: () => tokenFindings(tokenFile, subject) },
    { name: 'key', look: () => keyProtectionFindings(subject) },
    { name: 'state', look: () => stateFindings(subject) },
    { name: 'flash', look: () => flashFindings(subject) },
    { name: 'limits', look: () => limitFindings(subject, gateway) },
    { name: 'update', look: () => updateFindings('/') },
    { name: 'card', look: () => configurationFindings('/') },
    { name: 'core', look: () => coreDumpFindings(gateway) },
  ]
}

function addonLines(config: Config): Check[] {
  if (addonsOf(config).length > 0) return addonChecks(config)
  return [{ name: 'addon', look: () => [fine('addon', 'none is needed')] }]
}

const FIRST_START: Check = {
  name: 'certificate',
  look: () => [fine('certificate', 'none yet: a first start makes some, for development')],
}
