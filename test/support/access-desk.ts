import assert from 'node:assert/strict'
import type { AccessErrorCode } from '../../src/access/errors.ts'
import { Firewall } from '../../src/access/firewall.ts'
import type { User } from '../../src/access/user.ts'
import { codeOf } from '../../src/base/errors.ts'
import { hex } from './hex-fields.ts'

/** What a user sees: `passed`, answered with `sw`, or the code of the refusal. */
export class Desk {
  readonly firewall: Firewall
  user: User

  constructor(user: User, seids: readonly string[] = ['2', 'key2']) {
    this.firewall = new Firewall(seids)
    this.user = user
  }

  send(command: string, { sw = 0x9000, seid = '2' } = {}): 'passed' | AccessErrorCode {
    const bytes = hex(command)
    try {
      this.firewall.check(this.user, seid, bytes)
    } catch (error) {
      return codeOf(error) as AccessErrorCode
    }
    this.firewall.answered(this.user, seid, bytes, sw)
    return 'passed'
  }

  sendAll(...commands: string[]): ('passed' | AccessErrorCode)[] {
    return commands.map((command) => this.send(command))
  }
}

/** A desk at which `commands` have passed. */
export function after(user: User, ...commands: string[]): Desk {
  const desk = new Desk(user)
  assert.deepEqual(
    desk.sendAll(...commands),
    commands.map(() => 'passed'),
  )
  return desk
}
