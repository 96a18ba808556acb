// Device nodes of buses and GPIO chips: there, what they should be, and open to this user. They are only looked at:
// opening one could disturb a gateway that runs.

import { existsSync, readdirSync } from 'node:fs'
import type { Line } from '../../../config/lines.ts'
import type { SlotConfig } from '../../../config/slots.ts'
import { usesLines } from './addons.ts'
import { chipRemedy, i2cRemedy, type Machine, spiRemedy, udevRemedy } from './device-remedies.ts'
import type { Check } from './examine.ts'
import { type Finding, fine, warning, wrong } from './finding.ts'
import { contentOf, type FileFacts, factsOf, obstacleTo } from './reading.ts'
import { nameOfGroup, type Subject, type User } from './subject.ts'

/** A node that the configuration needs. */
export interface Device {
  readonly check: 'i2c' | 'spi' | 'gpio'
  readonly path: string
  /** The system's group for such nodes, on a Raspberry Pi. */
  readonly group: string
  /** What makes it appear. */
  readonly remedy: (machine: Machine) => string
}

/** A node as it was found. */
export interface Node {
  readonly facts: FileFacts | undefined
  /** Why this user may not open it; undefined when the user may. */
  readonly obstacle: string | undefined
  /** The name of its group. */
  readonly group: string
}

export function deviceChecks({ config, user }: Subject): Check[] {
  const machine = presentMachine()
  const checks: Check[] = devicesOf(config.slots).map((device) => ({
    name: device.check,
    look: () => [deviceFinding(device, readNode(device.path), { user, machine })],
  }))
  if (!config.slots.some(usesLines)) return checks
  const look =
    config.panel.gpio === 'onoff'
      ? () => [sysfsFinding(readNode(SYSFS_EXPORT, 'write'), user)]
      : () => chipFindings(chipsOf(config.slots), presentChips(), { user, machine })
  return [...checks, { name: 'gpio', look }]
}

/** The nodes of buses, each once. */
export function devicesOf(slots: readonly SlotConfig[]): Device[] {
  const devices = new Map<string, Device>()
  for (const slot of slots) {
    const device = deviceOf(slot)
    if (device !== undefined) devices.set(device.path, device)
  }
  return [...devices.values()]
}

function deviceOf(slot: SlotConfig): Device | undefined {
  if (slot.driver === 'i2c') {
    const { bus } = slot
    const remedy = (machine: Machine): string => i2cRemedy(bus, machine)
    return { check: 'i2c', path: `/dev/i2c-${bus}`, group: 'i2c', remedy }
  }
  if (slot.driver !== 'spi') return undefined
  const { bus, chipSelect } = slot
  const remedy = (machine: Machine): string => spiRemedy(bus, chipSelect, machine)
  return { check: 'spi', path: `/dev/spidev${bus}.${chipSelect}`, group: 'spi', remedy }
}

/** How a node is; nothing is opened. @param way  what it must be good for; files of sysfs may be writable only */
export function readNode(path: string, way: 'write' | 'read and write' = 'read and write'): Node {
  const facts = factsOf(path)
  const group = facts === undefined ? '' : nameOfGroup(facts.gid)
  return { facts, obstacle: obstacleTo(path, way), group }
}

interface Situation {
  readonly user: User
  readonly machine: Machine
}

/** What is to be said of a node. */
export function deviceFinding(
  { check, path, group, remedy }: Device,
  node: Node,
  { user, machine }: Situation,
): Finding {
  if (node.facts === undefined) {
    const meaning = 'the kernel has no driver for it, or it is switched off'
    return wrong(check, { found: `${path} is not there`, meaning, remedy: remedy(machine) })
  }
  if (node.facts.kind !== 'character device') {
    const found = `${path} is no device, but a ${node.facts.kind}`
    return wrong(check, { found, remedy: `sudo rm -r ${path}; ${remedy(machine)}` })
  }
  return node.obstacle === undefined
    ? fine(check, path)
    : closedFinding({ check, path, group }, { ...node, facts: node.facts }, user)
}

function closedFinding(
  { check, path, group }: Pick<Device, 'check' | 'path' | 'group'>,
  node: Node & { readonly facts: FileFacts },
  user: User,
): Finding {
  const mode = node.facts.mode.toString(8)
  const found = `${path} may not be opened by ${user.name} (group ${node.group}, mode ${mode})`
  const isForGroup = (node.facts.mode & 0o060) === 0o060 && node.facts.gid !== 0
  if (!isForGroup) {
    const meaning = 'no group has access to it'
    return wrong(check, { found, meaning, remedy: udevRemedy(check, group) })
  }
  if (user.groups.has(node.group)) {
    const meaning = 'something besides groups forbids it: a container, or a rule of the unit (DeviceAllow)'
    return wrong(check, { found, meaning, remedy: `getfacl ${path}; systemctl cat iosed` })
  }
  if (user.enteredIn.has(node.group)) {
    const meaning = `${user.name} is in the group ${node.group}, but this session began before that`
    return wrong(check, { found, meaning, remedy: `newgrp ${node.group}` })
  }
  const remedy = `sudo usermod -aG ${node.group} ${user.name}`
  return wrong(check, { found, meaning: 'it counts from the next log-in or start on', remedy })
}

/** Chips by label are known to their driver only; undefined stands for that of the header. */
export function chipsOf(slots: readonly SlotConfig[]): Set<string | undefined> {
  const chips = new Set<string | undefined>()
  const add = (line: Line | undefined): void => {
    if (line !== undefined) chips.add(line.chip)
  }
  for (const slot of slots) {
    if (slot.driver === 'sim-array') continue
    add(slot.front.led)
    add(slot.front.button)
    if (slot.driver !== 'i2c' && slot.driver !== 'spi') continue
    const muxReset = slot.driver === 'i2c' ? slot.segment?.reset : undefined
    for (const used of [
      slot.wiring.reset,
      slot.wiring.power,
      slot.wiring.select,
      slot.wiring.ready,
      muxReset,
    ]) {
      add(used !== undefined && 'output' in used ? used.enable : used)
    }
  }
  return chips
}

/** What is to be said of the chips of `wanted`, among those `there`, by the name of their nodes. */
export function chipFindings(
  wanted: ReadonlySet<string | undefined>,
  there: ReadonlyMap<string, Node>,
  situation: Situation,
): Finding[] {
  const named = [...wanted].filter((chip) => chip !== undefined && NODE_NAME.test(chip)) as string[]
  const findings = named.map((chip) => deviceFinding(chipDevice(chip), there.get(chip) ?? ABSENT, situation))
  if (named.length === wanted.size) return findings
  if (there.size === 0) {
    return [...findings, deviceFinding(chipDevice('gpiochip0'), ABSENT, situation)]
  }
  const others = [...there].filter(([chip]) => !named.includes(chip))
  const all = others.map(([chip, node]) => deviceFinding(chipDevice(chip), node, situation))
  const open = all.filter(({ outcome }) => outcome === 'ok')
  if (open.length === all.length) return [...findings, ...open]
  if (open.length === 0) return [...findings, ...all.slice(0, 1)]
  // Which of them has the label that is meant, only who opens it can tell.
  const closed = all.filter(({ outcome }) => outcome === 'wrong')
  return [...findings, ...open, ...closed.map(({ check, ...complaint }) => warning(check, mild(complaint)))]
}

function mild({ found, meaning, remedy = '' }: Omit<Finding, 'check' | 'outcome'>) {
  return { found, meaning: meaning ?? 'it may be the one that is meant', remedy }
}

/** What is to be said of GPIO by sysfs. */
export function sysfsFinding({ facts, obstacle }: Node, user: User): Finding {
  if (facts === undefined) {
    const meaning = 'newer kernels leave it out'
    const remedy = 'set `gpio = "cdev"` in [panel] of the configuration'
    return wrong('gpio', { found: `${SYSFS_EXPORT} is not there`, meaning, remedy })
  }
  if (obstacle === undefined) return fine('gpio', SYSFS_EXPORT)
  const found = `${SYSFS_EXPORT} may not be written by ${user.name}`
  return wrong('gpio', { found, remedy: `sudo usermod -aG gpio ${user.name}` })
}

function chipDevice(chip: string): Device {
  return { check: 'gpio', path: `/dev/${chip}`, group: 'gpio', remedy: chipRemedy }
}

function presentChips(): Map<string, Node> {
  const names = readdirSync('/dev').filter((name) => NODE_NAME.test(name))
  return new Map(names.map((name) => [name, readNode(`/dev/${name}`)]))
}

/** The machine that this process runs on. */
export function presentMachine(): Machine {
  return {
    isRaspberryPi: contentOf('/proc/device-tree/model')?.includes('Raspberry Pi') === true,
    hasI2cDev: existsSync('/sys/class/i2c-dev'),
    hasI2cBus: (bus) => existsSync(`/sys/bus/i2c/devices/i2c-${bus}`),
  }
}

const NODE_NAME = /^gpiochip\d+$/
const ABSENT: Node = { facts: undefined, obstacle: 'ENOENT', group: '' }
const SYSFS_EXPORT = '/sys/class/gpio/export'
