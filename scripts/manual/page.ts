// A page of the manual, whatever it is about.

import { item, plain, section, seeAlso } from './roff.ts'

/** What all pages of one making have in common. */
export interface Edition {
  /** YYYY-MM-DD */
  readonly date: string
  readonly version: string
}

export interface Page {
  readonly name: string
  /** 1, 5 or 8 */
  readonly chapter: number
  /** One line, for NAME. */
  readonly summary: string
  /** Sections between NAME and SEE ALSO. */
  readonly body: string
  /** `iosed(8)` */
  readonly seeAlso: readonly string[]
}

/** Where the page lies below `man/`. */
export function pathOf({ name, chapter }: Page): string {
  return `man${chapter}/${name}.${chapter}`
}

export function roffOf(page: Page, { date, version }: Edition): string {
  const { name, chapter, summary, body } = page
  const title = `${name.toUpperCase()} ${chapter} ${date} "iose\\-gateway ${plain(version)}" "Internet of Secure Elements"`
  const references = seeAlso(page.seeAlso.filter((other) => other !== `${name}(${chapter})`))
  return [
    `.\\" Made by scripts/build-manual out of the programs' own texts.\n`,
    `.TH ${title}\n`,
    // Ragged right: commands have one blank between words.
    '.ad l\n',
    section('NAME', `${plain(name)} \\- ${plain(summary)}\n`),
    body,
    section('SEE ALSO', references),
  ].join('')
}

/** Terms with their texts: files, variables, exit codes. */
export function itemsOf(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .map(([term, text]) => item(term, text))
    .join('')
}
