// A procedure of checks, one after the other: what was checked, with what evidence, and where it ended.

import { ClientError } from '../errors.ts'

/** What somebody else can look at again. Bytes are upper-case hex. */
export type Evidence = Record<string, string | number>

export interface Check {
  readonly check: string
  readonly passed: boolean
  readonly evidence: Readonly<Evidence>
  /** Why it did not pass. */
  readonly why?: string
}

/** What is so for the element, and what its user should do: for people. */
export interface Outlook {
  readonly state: string
  readonly next: string
}

export interface Report extends Outlook {
  /**
   * passed: every check; failed: a check says no; broken: the session ended or the element made no sense, and nothing
   * is proven.
   */
  readonly outcome: 'passed' | 'failed' | 'broken'
  readonly checks: readonly Check[]
}

/** What a check has found: what was looked for, or why not. */
export type Finding<T> = { readonly value: T } | ({ readonly why: string } & Partial<Outlook>)

export class Procedure {
  readonly #checks: Check[] = []
  #outcome: Report['outcome'] = 'passed'
  #outlook: Outlook

  /** @param outlook  when all has passed */
  constructor(outlook: Outlook) {
    this.#outlook = outlook
  }

  get report(): Report {
    return { outcome: this.#outcome, checks: this.#checks, ...this.#outlook }
  }

  /** What is so when all has passed, from now on. */
  set outlook(outlook: Outlook) {
    if (this.#outcome === 'passed') this.#outlook = outlook
  }

  /**
   * One check; the first that does not pass ends the procedure.
   * @param outlook  when it does not pass, unless its finding says otherwise
   * @param look     fills in the evidence as it comes
   * @returns undefined when it has not passed
   */
  async check<T>(
    name: string,
    outlook: Outlook,
    look: (evidence: Evidence) => Promise<Finding<T>>,
  ): Promise<T | undefined> {
    const evidence: Evidence = {}
    try {
      const finding = await look(evidence)
      if ('value' in finding) {
        this.#checks.push({ check: name, passed: true, evidence })
        return finding.value
      }
      const { why, state = outlook.state, next = outlook.next } = finding
      this.#end('failed', { check: name, passed: false, evidence, why }, { state, next })
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      this.#end('broken', { check: name, passed: false, evidence, why: error.message }, outlook)
    }
    return undefined
  }

  #end(outcome: Report['outcome'], check: Check, outlook: Outlook): void {
    this.#checks.push(check)
    this.#outcome = outcome
    this.#outlook = outlook
  }
}

/** How the element is asked: a line without its end, and the answer without its end. @throws ClientError */
export type Ask = (line: string) => Promise<string>
