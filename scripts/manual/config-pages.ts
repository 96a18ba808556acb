// gateway.toml(5), users.toml(5), iose-board(5): keys from the schemas, words for each, and examples that are in use.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { boardSchema } from '../../src/config/board.ts'
import { DEFAULT_CONFIG } from '../../src/config/default.ts'
import { fileSchema } from '../../src/config/schema.ts'
import { onBoard, slotsTables } from '../../src/config/slot-schema.ts'
import { usersFile } from '../../src/config/users.ts'
import * as words from './key-words.ts'
import { itemsOf, type Page } from './page.ts'
import { item, paragraph, plain, section, subsection, verbatim } from './roff.ts'
import { inner, type Key, keysOf, type Schema, tablesOf } from './schema.ts'
import { BOARD_EXAMPLE, USERS_EXAMPLE } from './words.ts'

export function gatewayPage(): Page {
  const tables = keysOf(fileSchema as Schema).map(({ name, schema }) => {
    if (name === 'slots') return slotsSection()
    const { about, keys } = known(words.GATEWAY_TABLES, name)
    const { type, item: each } = inner(schema)
    const [table, title] = type === 'array' ? [each, `[[${name}]]`] : [inner(schema), `[${name}]`]
    if (table === undefined) throw new Error(`${name} is no table`)
    return section(title, `${paragraph(about)}${described(keysOf(table), keys)}`)
  })
  const body = [
    section('SYNOPSIS', `${plain('/etc/iose/gateway.toml')}\n`),
    section('DESCRIPTION', GATEWAY_ABOUT.map(paragraph).join('')),
    ...tables,
    section(
      'THE DEFAULT CONFIGURATION',
      `${paragraph(DEFAULT_ABOUT)}${verbatim(DEFAULT_CONFIG.trimEnd().split('\n'))}`,
    ),
    section(
      'FILES',
      itemsOf({
        '/etc/iose/gateway.toml': 'The configuration, unless iosed is told another one by --config.',
      }),
    ),
  ].join('')
  const seeAlso = [
    'iosed(8)',
    'users.toml(5)',
    'iose-board(5)',
    'iose-doctor(1)',
    'iose-pki(1)',
    'iose-audit(1)',
  ]
  return {
    name: 'gateway.toml',
    chapter: 5,
    summary: 'configuration of the Internet of Secure Elements gateway',
    body,
    seeAlso,
  }
}

export function usersPage(): Page {
  const users = inner(known(usersFile.entries as unknown as Record<string, Schema>, 'users'))
  if (users.value === undefined) throw new Error('users is no table of users')
  const user = keysOf(users.value)
  const part = (name: string): Key[] => {
    const schema = inner(known(Object.fromEntries(user.map((key) => [key.name, key.schema])), name))
    return keysOf(schema.item ?? schema)
  }
  const body = [
    section('SYNOPSIS', `${plain('/var/lib/iose/users.toml')}\n`),
    section('DESCRIPTION', USERS_ABOUT.map(paragraph).join('')),
    section('[users.NAME]', described(user, words.USER_KEYS)),
    subsection(
      'Applications',
      `${paragraph('What aids may hold: exactly one of these.')}${described(part('aids'), words.AID_KEYS)}`,
    ),
    subsection(
      'Filters',
      `${paragraph('What each of filters may hold.')}${described(part('filters'), words.FILTER_KEYS)}`,
    ),
    section(
      'FILES',
      itemsOf({
        'users.toml': 'In the state directory, unless users of [racs] in gateway.toml(5) names another file.',
      }),
    ),
    section('EXAMPLES', verbatim(USERS_EXAMPLE)),
  ].join('')
  const seeAlso = ['gateway.toml(5)', 'iose-pki(1)', 'iose-racs(1)', 'iose-racs-import-users(1)', 'iosed(8)']
  return {
    name: 'users.toml',
    chapter: 5,
    summary: 'who may use which secure element of a gateway',
    body,
    seeAlso,
  }
}

export function boardPage(): Page {
  const sample = readFileSync(join(import.meta.dirname, '../../hardware/boards/hat-rev-a.toml'), 'utf8')
  // The head of a board that exists, up to its second slot.
  const head = sample.split('\n[[slots]]\n').slice(0, 2).join('\n[[slots]]\n').trimEnd()
  const body = [
    section('SYNOPSIS', `${plain('boards/NAME.toml')}\n`),
    section('DESCRIPTION', BOARD_ABOUT.map(paragraph).join('')),
    section('KEYS', described(keysOf(boardSchema), words.BOARD_KEYS)),
    ...Object.entries(words.BOARD_TABLES).map(([name, { about, keys }]) =>
      section(
        name === 'slots' ? '[[slots]]' : `[${name}]`,
        `${paragraph(about)}${described(boardKeys(name), keys)}`,
      ),
    ),
    section(
      'EXAMPLES',
      `${paragraph('The beginning of boards/hat-rev-a.toml, which comes along:')}${verbatim(head.split('\n'))}${paragraph('Its use in gateway.toml(5):')}${verbatim(BOARD_EXAMPLE)}`,
    ),
  ].join('')
  return {
    name: 'iose-board',
    chapter: 5,
    summary: 'what is where on a board of secure elements',
    body,
    seeAlso: ['gateway.toml(5)', 'iosed(8)'],
  }
}

function boardKeys(table: string): Key[] {
  if (table === 'slots') return keysOf({ type: 'strict_object', entries: onBoard })
  return keysOf(inner(known(boardSchema.entries as unknown as Record<string, Schema>, table)))
}

function slotsSection(): string {
  const drivers = (slotsTables as { options: readonly Schema[] }).options.map((table) => keysOf(table))
  const isShared = ({ name }: Key): boolean => Object.hasOwn(words.SLOT_KEYS, name)
  const shared = new Map(
    drivers
      .flat()
      .filter(isShared)
      .map((key) => [key.name, key]),
  )
  const nested = new Map<string, string>()
  for (const key of drivers.flat()) for (const table of tablesOf(key.schema)) addNested(table, nested)
  const named = drivers.map((keys) => {
    const name = keys.find((key) => key.name === 'driver')?.values.replaceAll('"', '') ?? ''
    const { about, keys: own } = known(words.DRIVERS, name)
    const names = keys.filter(isShared).map((key) => key.name)
    const common = paragraph(`Of the keys above it has ${names.join(', ')}.`)
    const special = described(
      keys.filter((key) => !isShared(key)),
      own,
    )
    return subsection(`driver = "${name}"`, `${paragraph(about)}${common}${special}`)
  })
  const driver = { ...known(Object.fromEntries(shared), 'driver'), values: driverNames(drivers) }
  shared.set('driver', driver)
  return section(
    '[[slots]]',
    [
      paragraph(SLOTS_ABOUT),
      described([...shared.values()], words.SLOT_KEYS),
      ...named,
      ...[...nested].map(([title, text]) => subsection(title, text)),
    ].join(''),
  )
}

/** Lines, decoders and multiplexers are described once, whichever keys hold them. */
function addNested(table: Schema, nested: Map<string, string>): void {
  const keys = keysOf(table)
  const has = (name: string): boolean => keys.some((key) => key.name === name)
  const kind = has('mux') ? 'Multiplexers' : has('decoder') ? 'Decoders' : has('line') ? 'Lines' : undefined
  if (kind === undefined)
    throw new Error(`no words for a table of ${keys.map(({ name }) => name).join(', ')}`)
  const { about, keys: texts } = known(NESTED, kind)
  // The default of `active` is another one for each use, and said there.
  const shown = keys.map((key) => (key.name === 'active' ? { ...key, fallback: undefined } : key))
  nested.set(kind, `${paragraph(about)}${described(shown, texts)}`)
  for (const key of keys) for (const below of tablesOf(key.schema)) addNested(below, nested)
}

/**
 * @throws Error when a key has no words, or words have no key
 */
function described(keys: readonly Key[], texts: words.KeyWords): string {
  const strays = Object.keys(texts).filter((name) => !keys.some((key) => key.name === name))
  if (strays.length > 0)
    throw new Error(`scripts/manual/key-words.ts has keys that the schema has not: ${strays.join(', ')}`)
  return keys
    .map((key) => {
      const about = known(texts, key.name)
      const fallback = key.fallback === undefined ? [] : [`default ${key.fallback}`]
      const must = key.isRequired ? ['must be there'] : []
      return item(key.name, about, [key.values, ...fallback, ...must].join('; '))
    })
    .join('')
}

function driverNames(drivers: readonly (readonly Key[])[]): string {
  return drivers.map((keys) => keys.find(({ name }) => name === 'driver')?.values ?? '').join(', ')
}

function known<T>(record: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(record, name) ? record[name] : undefined
  if (found === undefined) throw new Error(`scripts/manual/key-words.ts says nothing about ${name}`)
  return found
}

const NESTED: Readonly<Record<string, { about: string; keys: words.KeyWords }>> = {
  Lines: { about: 'A GPIO line, such as { line = 17, active = "low" }.', keys: words.LINE_KEYS },
  Decoders: {
    about:
      'An output of a decoder, where lines are few, such as { decoder = [13, 6, 5, 12], enable = 19, output = 5 }.',
    keys: words.DECODER_KEYS,
  },
  Multiplexers: {
    about: 'A channel of an I2C multiplexer, such as { mux = 0x70, channel = 3, reset = { line = 4 } }.',
    keys: words.SEGMENT_KEYS,
  },
}

const GATEWAY_ABOUT = [
  'The configuration of iosed(8), in TOML. Every key is optional; without a file the gateway serves simulated elements on the loopback interface. A key that is not known, or a value that cannot be, is an error that names its place, and the gateway does not start.',
  'Secrets do not belong in this file: it names the files that hold them. iosed --check-config checks a file, iose-doctor(1) also what it names. The gateway reads it at its start.',
]
const DEFAULT_ABOUT =
  'As iosed --print-default-config prints it: what holds when there is no file, and a starting point for your own.'
const SLOTS_ABOUT =
  'One element, or several of a kind; one table each. Without any the gateway has the simulated elements of the default configuration. Keys that several drivers have:'
const USERS_ABOUT = [
  'Who may use what on the administration plane of iosed(8), in TOML: one table [users.NAME] a user. Whoever is not listed may do nothing. SIGHUP reads it again (systemctl reload iosed), and sessions that run feel it.',
  'Nothing but a SELECT by name passes until the element has accepted one, on each logical channel. A user has exactly one of cn and fingerprint.',
]
const BOARD_ABOUT = [
  'A board file says which elements a board has, and on which buses and lines they are. The configuration of the gateway names it by board of [gateway], see gateway.toml(5), and says of a slot only what is not on the board: a table [[slots]] with a designator of the board adds its keys to those of that slot. Slots that the configuration does not mention are as they are on the board.',
  'The name of the file is relative to the configuration, or to the hardware files that come along.',
]
