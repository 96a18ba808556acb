// Completion for bash. All words are in the file: no process is started, and nobody is asked over the network.

import type { Help } from './help.ts'
import { type Program, withChildren } from './programs.ts'

/** What bash needs to know of one command line. */
export interface Words {
  /** `racs apdu`; empty for the program itself */
  readonly path: string
  /** Commands or subcommands, or values that the usage gives as `on|off`. */
  readonly words: readonly string[]
  readonly flags: readonly string[]
  /** Flag -> what its value is; a flag without a value is not in it. */
  readonly values: ReadonlyMap<string, Value>
  /** What stands in an argument without a flag, if it is a file. */
  readonly positional: Value | undefined
}

/** One of `file`, `directory`, `variable`, `other`; or words, as `=provider user`. */
export type Value = string

export function completionOfIose(iose: Program): string {
  const shared = flagsIn(iose.children.find(({ words }) => words[1] === 'racs')?.help)
  const lines = withChildren(iose).flatMap((program) => wordsOf(program, shared))
  return `${HEADER}${functionOf('iose', lines)}`
}

export function completionOfIosed(iosed: Program): string {
  return `${HEADER}${functionOf('iosed', wordsOf(iosed, new Map()))}`
}

/** @param shared  flags that a help refers to by `--gateway, --cert and the others of iose racs` */
function wordsOf(program: Program, shared: ReadonlyMap<string, Value | undefined>): Words[] {
  const { words, help, children } = program
  const path = words.slice(1).join(' ')
  const flags = new Map([...flagsIn(help), ['--help', undefined]])
  const isReferring = JSON.stringify(help.options).includes('and the others of iose racs')
  if (isReferring) for (const [flag, value] of shared) if (!flags.has(flag)) flags.set(flag, value)
  const usage = help.usage.join('\n')
  const own = { path, positional: undefined, ...dividedBy(flags) }
  if (children.length > 0) return [{ ...own, words: children.map((child) => child.words.at(-1) ?? '') }]
  const listed = help.commands.length > 0 ? help.commands.map(({ term }) => term) : wordsInUsage(help, words)
  if (listed.length === 0) return [{ ...own, words: alternativesIn(usage), positional: positionalIn(usage) }]
  // Flags that one of the help's own list names belong to it alone.
  const special = new Set(help.commands.flatMap(({ term }) => [...flagsOf(term).keys()]))
  const common = new Map([...flags].filter(([flag]) => !special.has(flag)))
  const below = listed.map((term) => {
    const all = dividedBy(new Map([...flagsOf(term), ...common]))
    return { path: `${path} ${firstOf(term)}`, words: [], positional: undefined, ...all }
  })
  return [{ ...own, ...dividedBy(common), words: listed.map(firstOf) }, ...below]
}

function firstOf(text: string): string {
  return text.split(' ')[0] ?? ''
}

function dividedBy(flags: ReadonlyMap<string, Value | undefined>): Pick<Words, 'flags' | 'values'> {
  const values = new Map<string, Value>()
  for (const [flag, value] of flags) if (value !== undefined) values.set(flag, value)
  return { flags: [...flags.keys()].sort(), values }
}

/** Flags of the usage and of the lists; what they say of a value in the lists goes before. */
function flagsIn(help: Help | undefined): Map<string, Value | undefined> {
  if (help === undefined) return new Map()
  const flags = flagsOf(help.usage.join('\n'))
  for (const block of help.options) {
    if (block.kind !== 'list') continue
    for (const { term } of block.entries)
      for (const [flag, value] of flagsOf(term)) flags.set(flag, value ?? flags.get(flag))
  }
  return flags
}

/** `--cert, --key, --ca FILE`: all of them have a value; `--role provider` on one line, `--role user` on another: words. */
function flagsOf(text: string): Map<string, Value | undefined> {
  const flags = new Map<string, Value | undefined>()
  let waiting: string[] = []
  for (const [, flag = '', metavariable, comma] of text.matchAll(FLAG)) {
    const value = metavariable === undefined ? undefined : valueOf(flag, metavariable)
    const before = flags.get(flag)
    flags.set(
      flag,
      value?.startsWith('=') === true && before?.startsWith('=') === true
        ? `${before} ${value.slice(1)}`
        : (value ?? before),
    )
    waiting.push(flag)
    if (comma !== undefined) continue
    if (value !== undefined) for (const other of waiting) flags.set(other, flags.get(other) ?? value)
    waiting = []
  }
  return flags
}

function valueOf(flag: string, metavariable: string): Value {
  if (/^[a-z]/.test(metavariable)) return `=${metavariable}`
  if (flag.endsWith('-env')) return 'variable'
  return FILES[metavariable] ?? 'other'
}

/** `on|off` */
function alternativesIn(usage: string): string[] {
  return (/(?<= )[a-z]+(?:\|[a-z]+)+/.exec(usage)?.[0] ?? '').split('|').filter((word) => word !== '')
}

/** `iose audit verify ...`, `iose audit show ...`: what follows the command in every line. */
function wordsInUsage({ usage }: Help, words: readonly string[]): string[] {
  const found = usage.map((line) => line.replace(/^sudo /, '').split(' ')[words.length] ?? '')
  return found.every((word) => /^[a-z][a-z-]*$/.test(word)) ? found : []
}

/** `CAP`, `SCRIPT|-|URI`, `DIRECTORY`: the first argument that is no flag's, and not in brackets. */
function positionalIn(usage: string): Value | undefined {
  const words = usage.replaceAll(/\([^)]*\)|\[[^\]]*\]/g, '').split(/\s+/)
  const name = words.find((word, index) => /^[A-Z]/.test(word) && words[index - 1]?.startsWith('-') !== true)
  return FILES[name?.split('|')[0] ?? '']
}

function functionOf(program: string, lines: readonly Words[]): string {
  const groups = lines.filter(
    ({ path }) => path !== '' && lines.some((other) => other.path.startsWith(`${path} `)),
  )
  const names = groups.map(({ path }) => path).join('|')
  const descend = `    [[ $path == @(${names}) ]] && ((COMP_CWORD > 2)) && path+=" \${COMP_WORDS[2]}"\n`
  const isPlain = groups.length === 0
  return TEMPLATE.replaceAll('@PROGRAM@', program)
    .replace('@PATH@', () => (isPlain ? '' : `    ((COMP_CWORD > 1)) && path=\${COMP_WORDS[1]}\n${descend}`))
    .replace('@CASES@', () => lines.map(caseOf).join(''))
}

function caseOf({ path, words, flags, values, positional }: Words): string {
  const kinds = new Map<Value, string[]>()
  for (const [flag, value] of values) kinds.set(value, [...(kinds.get(value) ?? []), flag])
  const lines = [...kinds].map(
    ([value, names]) => `                ${names.join(' | ')}) kind='${value}' ;;\n`,
  )
  const choice = lines.length === 0 ? '' : `            case $flag in\n${lines.join('')}            esac\n`
  return `        '${path}')
            words='${words.join(' ')}'
            flags='${flags.join(' ')}'
            positional='${positional ?? ''}'
${choice}            ;;
`
}

const FLAG = /(--[a-z][a-z0-9-]*)(?: ([A-Z][A-Z0-9:]*|[a-z]+(?= --)))?(,)?/g

const FILES: Readonly<Record<string, Value>> = {
  FILE: 'file',
  PEM: 'file',
  KEY: 'file',
  CAP: 'file',
  SCRIPT: 'file',
  DIR: 'directory',
  DIRECTORY: 'directory',
}

const HEADER = `# bash completion, made by scripts/build-manual out of the help of the program. Nothing is run or asked at a Tab.
# shellcheck shell=bash

`

const TEMPLATE = `_@PROGRAM@() {
    local cur=\${2-\${COMP_WORDS[COMP_CWORD]}} path='' flag='' prefix='' kind='' words='' flags='' positional=''
    local -i index isJoined=0
    COMPREPLY=()
@PATH@
    # The flag whose value this is. Where "=" breaks words, --flag=value is three of them.
    if [[ $cur == --*=* ]]; then
        flag=\${cur%%=*} prefix=\${cur%%=*}= cur=\${cur#*=} isJoined=1
    elif [[ $cur == = || \${COMP_WORDS[COMP_CWORD]} == = ]]; then
        flag=\${COMP_WORDS[COMP_CWORD - 1]} cur='' isJoined=1
    elif ((COMP_CWORD > 2)) && [[ \${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
        flag=\${COMP_WORDS[COMP_CWORD - 2]} isJoined=1
    elif ((COMP_CWORD > 1)); then
        flag=\${COMP_WORDS[COMP_CWORD - 1]}
    fi
    case $path in
@CASES@        *) return ;;
    esac

    # After "--" come no flags.
    for ((index = 1; index < COMP_CWORD; index++)); do
        [[ \${COMP_WORDS[index]} == -- ]] && flags='' kind=''
    done
    if [[ $kind == =* ]]; then
        words=\${kind#=} flags=''
    elif [[ -z $kind ]]; then
        # A flag without a value is not given one.
        ((isJoined)) && return
        if [[ $cur == -* ]]; then words=$flags; else kind=$positional; fi
        [[ -z $cur && -z $kind && -z $words ]] && words=$flags
    else
        words=''
    fi
    local word
    for word in $words; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$prefix$word")
    done
    [[ -n $kind && $kind != =* ]] && _@PROGRAM@_named "$kind" "$cur" "$prefix"
    return 0
}

# Files, directories or variables whose names begin with $2. Where there are none, readline looks for itself: it knows ~.
_@PROGRAM@_named() {
    local action name
    case $1 in
        file) action=-f ;;
        directory) action=-d ;;
        variable) action=-e ;;
        *) return ;;
    esac
    while IFS= read -r name; do
        COMPREPLY+=("$3$name")
    done < <(compgen "$action" -- "$2")
    [[ $1 == variable ]] && return
    if ((\${#COMPREPLY[@]} > 0)); then
        compopt -o filenames 2>/dev/null
    else
        compopt -o "$([[ $1 == file ]] && echo default || echo dirnames)" 2>/dev/null
    fi
}

complete -F _@PROGRAM@ @PROGRAM@
`
