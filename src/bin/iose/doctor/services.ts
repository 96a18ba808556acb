// What elements are reached through and others run: pcscd, SIM arrays, cards in processes of their own. A connection
// is made and given up; nothing is said on it.

import { resolve } from 'node:path'
import type { Config } from '../../../config/config.ts'
import type { Check } from './examine.ts'
import { type Finding, fine, wrong } from './finding.ts'
import { factsOf, obstacleToConnect } from './reading.ts'
import type { Subject } from './subject.ts'

export function serviceChecks({ config, stateDir, environment }: Subject): Check[] {
  return [
    ...(config.slots.some(({ driver }) => driver === 'pcsc') ? [pcscdCheck(environment)] : []),
    ...arraysOf(config.slots).map(arrayCheck),
    ...cardsOf(config.slots, stateDir).map(cardCheck),
  ]
}

function pcscdCheck(environment: NodeJS.ProcessEnv): Check {
  const path = environment['PCSCLITE_CSOCK_NAME'] ?? PCSCD_SOCKET
  return {
    name: 'pcscd',
    deadlineMs: PATIENCE_MS + GRACE_MS,
    async look() {
      const isInstalled = factsOf(PCSCD_PROGRAM) !== undefined
      return [pcscdFinding(path, await obstacleToConnect({ path }, PATIENCE_MS), isInstalled)]
    },
  }
}

/** @param obstacle  why its socket cannot be connected to, if it cannot */
export function pcscdFinding(path: string, obstacle: string | undefined, isInstalled: boolean): Finding {
  if (obstacle === undefined) return fine('pcscd', path)
  if (obstacle === 'ENOENT') {
    const remedy = isInstalled
      ? 'sudo systemctl enable --now pcscd.socket'
      : 'sudo apt-get install pcscd && sudo systemctl enable --now pcscd.socket'
    return wrong('pcscd', { found: `${path} is not there`, meaning: 'pcscd does not run', remedy })
  }
  if (obstacle === 'EACCES' || obstacle === 'EPERM') {
    const found = `${path} may not be used by this user`
    return wrong('pcscd', { found, remedy: `ls -l ${path}; sudo systemctl restart pcscd.socket` })
  }
  const found = `nobody answers at ${path} (${obstacle})`
  const meaning = 'pcscd has ended and left its socket behind, or hangs'
  return wrong('pcscd', { found, meaning, remedy: 'sudo systemctl restart pcscd.socket pcscd.service' })
}

interface Address {
  readonly host: string
  readonly port: number
}

function arraysOf(slots: Config['slots']): Address[] {
  const arrays = slots.flatMap((slot) => (slot.driver === 'sim-array' ? [slot] : []))
  return [...new Map(arrays.map((array) => [`${array.host} ${array.port}`, array])).values()]
}

function arrayCheck({ host, port }: Address): Check {
  return {
    name: 'sim-array',
    deadlineMs: PATIENCE_MS + GRACE_MS,
    look: async () => [arrayFinding({ host, port }, await obstacleToConnect({ host, port }, PATIENCE_MS))],
  }
}

/** @param obstacle  why it cannot be connected to, if it cannot */
export function arrayFinding({ host, port }: Address, obstacle: string | undefined): Finding {
  const place = `${host}:${port}`
  switch (obstacle) {
    case undefined:
      return fine('sim-array', place)
    case 'ENOTFOUND':
    case 'EAI_AGAIN': {
      const meaning = 'the name is wrong, or no name server answers'
      const found = `${place}: the name is not known (${obstacle})`
      return wrong('sim-array', { found, meaning, remedy: `getent hosts ${host}` })
    }
    case 'ECONNREFUSED': {
      const meaning = 'the machine is there; the array server does not run, or has another port'
      const remedy = 'start the array server there, or set the `port` of the table'
      return wrong('sim-array', { found: `${place}: nobody listens`, meaning, remedy })
    }
    case 'ETIMEDOUT': {
      const meaning = 'the machine is off, the address is wrong, or a firewall is in between'
      const found = `${place}: no answer within ${PATIENCE_MS / 1000} s`
      return wrong('sim-array', { found, meaning, remedy: `ping -c 3 ${host}` })
    }
    default:
      return wrong('sim-array', { found: `${place}: ${obstacle}`, remedy: `ip route get ${host}` })
  }
}

function cardsOf(slots: Config['slots'], stateDir: string): string[] {
  const sockets = slots.flatMap((slot) =>
    slot.driver === 'simulator' && slot.socket !== undefined ? [resolve(stateDir, slot.socket)] : [],
  )
  return [...new Set(sockets)]
}

function cardCheck(path: string): Check {
  return {
    name: 'card',
    deadlineMs: PATIENCE_MS + GRACE_MS,
    look: async () => [cardFinding(path, await obstacleToConnect({ path }, PATIENCE_MS))],
  }
}

/** @param obstacle  why its socket cannot be connected to, if it cannot */
export function cardFinding(path: string, obstacle: string | undefined): Finding {
  if (obstacle === undefined) return fine('card', path)
  const start = `node dist/simulator/card-process.js --socket ${path}`
  if (obstacle === 'EACCES' || obstacle === 'EPERM') {
    const found = `${path} may not be used by this user`
    const meaning = 'the card belongs to the user who started it'
    return wrong('card', { found, meaning, remedy: `as the user of the gateway: ${start}` })
  }
  const found = obstacle === 'ENOENT' ? `${path} is not there` : `nobody listens at ${path} (${obstacle})`
  return wrong('card', { found, meaning: 'the process of the card does not run', remedy: start })
}

/** As pcsc-lite is built by Debian. */
const PCSCD_SOCKET = '/run/pcscd/pcscd.comm'
const PCSCD_PROGRAM = '/usr/sbin/pcscd'
const PATIENCE_MS = 2_000
/** The check itself ends later than what it waits for. */
const GRACE_MS = 500
