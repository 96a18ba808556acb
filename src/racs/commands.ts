// What each command does. The result is the text behind the line number; every failure is thrown.

import { AccessError } from '../access/errors.ts'
import { TRY_KINDS } from '../access/tries.ts'
import type { User } from '../access/user.ts'
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { bytesOfHex, hexOf } from '../base/hex.ts'
import type { Log } from '../base/log.ts'
import { ElementError } from '../drivers/errors.ts'
import type { Binding } from '../slots/binding.ts'
import { NameError } from '../slots/errors.ts'
import { type Sen, senOfBytes } from '../slots/identity.ts'
import type { Inventory } from '../slots/inventory.ts'
import type { Slot } from '../slots/slot.ts'
import type { Priority } from '../slots/turn-order.ts'
import { ApduExchange } from './apdu-exchange.ts'
import { apduLineOf } from './apdu-line.ts'
import type { CommandName, Dialect } from './dialect.ts'
import { RequestError } from './errors.ts'
import type { Guard } from './guard.ts'
import { firewallFor, type Held, type Holdings } from './holdings.ts'
import { PARAMETERS, USAGE } from './usage.ts'

export interface CommandEnvironment {
  readonly dialect: Dialect
  readonly inventory: Inventory
  readonly guard: Guard
  readonly clock: Clock
  readonly log: Log
  readonly apduTimeoutMs: number
  /** Who asks, by the users file as it is now; undefined when it does not know the certificate. */
  user(): User | undefined
}

/** The commands of one session, on the elements that it holds. */
export class Commands {
  readonly #environment: CommandEnvironment
  readonly #holdings: Holdings
  readonly #exchange: ApduExchange

  constructor(environment: CommandEnvironment, holdings: Holdings) {
    const { dialect, clock, apduTimeoutMs } = environment
    this.#environment = environment
    this.#holdings = holdings
    this.#exchange = new ApduExchange(dialect, clock, apduTimeoutMs)
  }

  /**
   * Carries out one line.
   * @param parameters  what stands behind the name, APPEND not among them
   * @throws RequestError, AccessError, and what the slot and its element throw
   */
  run(name: Exclude<CommandName, 'BEGIN'>, parameters: readonly string[]): string | Promise<string> {
    const [least, most] = PARAMETERS[name]
    const isLenient = this.#environment.dialect.parsing === 'lenient'
    if (parameters.length < least) throw new RequestError('request.syntax', USAGE[name])
    if (parameters.length > most && !isLenient) throw new RequestError('request.syntax', USAGE[name])
    const [first = '', ...rest] = parameters
    switch (name) {
      case 'GET-VERSION':
        return this.#environment.dialect.version
      case 'SET-VERSION':
        return this.#setVersion(first)
      case 'ECHO':
        return first
      case 'LIST':
        return this.#list()
      case 'POWERON':
        return this.#powerOn(first)
      case 'SHUTDOWN':
        return this.#shutdown(first)
      case 'RESET':
        return this.#reset(first, rest[0])
      case 'APDU':
        return this.#apdu(first, rest)
      case 'SEN':
        return this.#sen(first, rest)
      case 'GET-SEN':
        return this.#getSen(first)
      case 'QUARANTINE':
        return this.#quarantine(first, rest[0])
      case 'TRIES':
        return this.#tries(first, rest[0])
      case 'QUIT':
      case 'XEND':
        return name
      default:
        return name satisfies never
    }
  }

  #setVersion(version: string): string {
    const { dialect } = this.#environment
    if (version !== dialect.version) {
      throw new RequestError('request.bad-value', `this gateway speaks version ${dialect.version} only`)
    }
    return `version ${version} is in use`
  }

  /** The names by which the caller may use what is there, in the order of the users file or of arrival. */
  #list(): string {
    const { dialect, inventory } = this.#environment
    const seids = this.#environment.user()?.seids ?? []
    const isThere = (slot: Slot | undefined): boolean => slot !== undefined && slot.state !== 'absent'
    const names =
      seids === '*'
        ? inventory.slots.filter(isThere).map((slot) => slot.seid)
        : seids.filter((seid) => isThere(inventory.bySeid(seid)))
    return names.length === 0 ? '' : names.join(' ') + dialect.listTail
  }

  async #powerOn(seid: string): Promise<string> {
    const { user, slot } = this.#authorised(seid)
    const held = this.#holdings.on(slot)
    if (held === undefined || held.lease.revoked.aborted) {
      await this.#holdings.release(slot)
      await this.#holdings.take(slot, firewallFor(slot), priorityOf(user))
    } else if (held.lease.needsReset) {
      await this.#resetHeld(held, 'cold', user)
    } else {
      return `${seid} was on already`
    }
    return `${seid} is on`
  }

  async #shutdown(seid: string): Promise<string> {
    const { user, slot } = this.#authorised(seid)
    // The reference lets anybody end anybody's lease by this: only its holder may, or an operator.
    if (this.#holdings.on(slot) === undefined) {
      if (user.role === 'operator' && slot.isHeld) return `${seid}: ${await slot.evict(this.#nameOf(user))}`
      slot.checkFree()
    }
    await this.#holdings.release(slot)
    return `${seid} is off`
  }

  /** Sets the element aside, or ends that: QUARANTINE seid ON|OFF. */
  async #quarantine(seid: string, word = ''): Promise<string> {
    if (word !== 'ON' && word !== 'OFF') throw new RequestError('request.bad-value', USAGE.QUARANTINE)
    const { user, slot } = this.#authorised(seid)
    checkOperator(user)
    if (slot.isEmpty) throw new ElementError('element.absent', `${seid} is empty`)
    if (word === 'ON') slot.setAside(this.#nameOf(user))
    else await slot.release(this.#nameOf(user))
    this.#environment.log.info('slot.ordered', {
      seid: slot.seid,
      user: user.name,
      quarantine: word === 'ON',
    })
    return `${seid} is ${slot.state}`
  }

  /** How many wrong tries are counted, or forgets them: TRIES seid [CLEAR]. */
  async #tries(seid: string, word: string | undefined): Promise<string> {
    if (word !== undefined && word !== 'CLEAR') throw new RequestError('request.bad-value', USAGE.TRIES)
    const { user, slot } = this.#authorised(seid)
    const { guard } = this.#environment
    if (word === 'CLEAR') {
      checkOperator(user)
      guard.clear(slot.seid, user.name)
      await guard.saved()
    }
    const standings = TRY_KINDS.map((kind) => ({ kind, ...guard.standingOf(slot.seid, kind) }))
    return standings.map(({ kind, failed, limit }) => `${kind} ${failed} of ${limit}`).join(', ')
  }

  #nameOf({ name }: User): string {
    return `operator ${name}`
  }

  async #reset(seid: string, kind: string | undefined): Promise<string> {
    if (kind !== undefined && kind !== 'WARM' && this.#environment.dialect.parsing === 'strict') {
      throw new RequestError('request.bad-value', 'RESET knows WARM only')
    }
    const { user, slot } = this.#authorised(seid)
    const held = this.#holdings.on(slot) ?? (await this.#takeByUse(slot, user))
    await this.#resetHeld(held, kind === 'WARM' ? 'warm' : 'cold', user)
    // The draft leaves this text open, and has no other place for what a reader shows of its card.
    return `${seid} was reset${kind === 'WARM' ? ' (warm)' : ''} ATR= ${slot.atr ?? ''}`
  }

  async #resetHeld({ lease, firewall, tries }: Held, kind: 'cold' | 'warm', user: User): Promise<void> {
    // Whether it succeeds or not, what was selected or begun is gone.
    firewall.wasReset(user)
    tries.abandon()
    await this.#environment.guard.saved()
    await lease.reset(kind)
  }

  async #apdu(seid: string, parameters: readonly string[]): Promise<string> {
    const line = apduLineOf(parameters, this.#environment.dialect.parsing)
    const { user, slot } = this.#authorised(seid)
    let held = this.#holdings.on(slot)
    const firewall = held?.firewall ?? firewallFor(slot)
    if (held === undefined && this.#environment.dialect.locksOn === 'poweron') this.#checkMayTakeByUse(slot)
    firewall.check(user, seid, line.command)
    held ??= await this.#takeByUse(slot, user, firewall)
    // It could not even be told from other commands: what the element would have said is clear.
    if (line.command.length < HEADER_BYTES) return SW_WRONG_LENGTH
    try {
      return await this.#exchange.run(line, held, { user, seid })
    } finally {
      // Nobody hears of a wrong try before it is kept.
      await this.#environment.guard.saved()
    }
  }

  /** @throws RequestError request.not-held in a dialect where only POWERON takes a slot; LeaseError lease.busy */
  async #takeByUse(slot: Slot, user: User, firewall = firewallFor(slot)): Promise<Held> {
    this.#checkMayTakeByUse(slot)
    return this.#holdings.take(slot, firewall, priorityOf(user))
  }

  #checkMayTakeByUse(slot: Slot): void {
    if (this.#environment.dialect.locksOn === 'use') return
    slot.checkFree()
    throw new RequestError('request.not-held', 'the element is off, POWERON is needed')
  }

  /** Names the element, for good: SEN seid [name [aid]]. */
  async #sen(seid: string, [name, aid]: readonly string[]): Promise<string> {
    const { inventory, log } = this.#environment
    const binding = name === undefined ? undefined : this.#bindingOf(name, aid)
    const { user, slot } = this.#authorised(seid)
    if (this.#holdings.on(slot) === undefined) slot.checkFree()
    try {
      await inventory.bind(slot, binding)
    } catch (error) {
      if (error instanceof NameError) {
        const whose = user.mayUse(error.seid) ? error.seid : 'another element'
        throw new RequestError('request.bad-value', `the name belongs to ${whose}`, { cause: error })
      }
      log.error('slot.bind-failed', { seid: slot.seid, cause: messageOf(error) })
      throw error
    }
    return `SEN= ${slot.sen ?? NO_NAME} AID= ${aidOf(slot)}`
  }

  #bindingOf(name: string, aid: string | undefined): Binding {
    const { maxSenBytes } = this.#environment.dialect
    const sen = name === NO_NAME ? null : senOfBytes(Buffer.from(name, 'latin1'))
    if (sen === undefined || name.length > maxSenBytes || !PRINTABLE.test(name)) {
      throw new RequestError('request.bad-value', `a name has 1 to ${maxSenBytes} printable characters`)
    }
    const bytes = aid === undefined ? undefined : (bytesOfHex(aid)?.length ?? 0)
    if (bytes !== undefined && bytes !== 1 && (bytes < 5 || bytes > 16)) {
      const message = 'an AID has 10 to 32 hex digits; 00 takes the element off the service plane'
      throw new RequestError('request.bad-value', message)
    }
    return { sen, aid: aid?.toUpperCase() }
  }

  #getSen(seid: string): string {
    const { slot } = this.#authorised(seid)
    const sen: Sen | undefined = slot.sen
    if (sen === undefined) throw new RequestError('request.nameless', `${seid} has no name`)
    return `${sen} [AID= ${aidOf(slot)}]`
  }

  /** @throws AccessError, the same whether there is no such element or it is somebody else's */
  #authorised(seid: string): { user: User; slot: Slot } {
    const user = this.#environment.user()
    const slot = this.#environment.inventory.bySeid(seid)
    if (slot === undefined) throw new AccessError('access.unknown-seid', 'no such SEID')
    if (user?.mayUse(seid) !== true) throw new AccessError('access.forbidden', 'not for this user')
    return { user, slot }
  }
}

function checkOperator({ role }: User): void {
  if (role !== 'operator') throw new AccessError('access.filtered', 'only operators may do that')
}

function priorityOf({ role }: User): Priority {
  return role === 'operator' ? 'operator' : 'service'
}

function aidOf({ aid }: Slot): string {
  return aid === undefined ? 'default' : hexOf(aid)
}

/** The name that means none. */
const NO_NAME = 'null'
const PRINTABLE = /^[\x21-\x7E]+$/
const HEADER_BYTES = 4
const SW_WRONG_LENGTH = '6700'
