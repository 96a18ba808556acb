// Two network namespaces and a cable between them: in one the container boots, in the other are its clients. They have no
// name, belong to a process each, and go with it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ControlGroup } from './control-group.ts'
import { outcomeOf, successOf } from './outcome.ts'

/** Addresses for documentation (RFC 5737, RFC 3849): nothing else has them. */
export const CONTAINER_ADDRESS = '192.0.2.1'
export const CONTAINER_ADDRESS_6 = '2001:db8::1'
export const OUTSIDE_ADDRESS = '192.0.2.2'
const OUTSIDE_ADDRESS_6 = '2001:db8::2'

export interface TestNetwork {
  /** The namespace of the container, as a path. */
  readonly container: string
  /** Starts `command` outside the container, as its neighbour on the network. */
  readonly outside: (command: readonly string[]) => string[]
}

export async function connectedNamespaces(group: ControlGroup): Promise<TestNetwork> {
  const [container, outside] = await Promise.all([holder(group), holder(group)])
  const cable = [
    'ip',
    'link',
    'add',
    'host0',
    'netns',
    container,
    'type',
    'veth',
    'peer',
    'host0',
    'netns',
    outside,
  ]
  successOf(cable, await outcomeOf(cable))
  await Promise.all([
    address(container, CONTAINER_ADDRESS, CONTAINER_ADDRESS_6),
    address(outside, OUTSIDE_ADDRESS, OUTSIDE_ADDRESS_6),
  ])
  return {
    container: `/proc/${container}/ns/net`,
    outside: (command) => ['nsenter', '-t', outside, '-n', '--', ...command],
  }
}

/** Starts the process that has a new namespace; it ends when this process does, since it reads from it. */
async function holder(group: ControlGroup): Promise<string> {
  const [program = '', ...args] = group.commandIn('network', ['unshare', '-n', 'sh', '-c', 'echo; exec cat'])
  const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.unref()
  if (child.stdout === null) throw new Error('no pipe')
  await once(child.stdout, 'data')
  child.stdout.destroy()
  return String(child.pid)
}

async function address(holder: string, ip: string, ip6: string): Promise<void> {
  const script = [
    'ip link set lo up',
    'ip link set host0 up',
    `ip address add ${ip}/24 dev host0`,
    `ip address add ${ip6}/64 dev host0 nodad`,
  ].join(' && ')
  const command = ['nsenter', '-t', holder, '-n', '--', 'sh', '-c', script]
  successOf(command, await outcomeOf(command))
}
