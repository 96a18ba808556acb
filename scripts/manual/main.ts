// scripts/build-manual: node --import tsx scripts/manual/main.ts OUTDIR, with SOURCE_DATE_EPOCH in the environment.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commandPage, daemonPage } from './command-pages.ts'
import { completionOfIose, completionOfIosed } from './completion.ts'
import { boardPage, gatewayPage, usersPage } from './config-pages.ts'
import { type Edition, type Page, pathOf, roffOf } from './page.ts'
import { askIose, askIosed, withChildren } from './programs.ts'

async function build(outdir: string): Promise<void> {
  const [iose, iosed] = await Promise.all([askIose(), askIosed()])
  const pages: Page[] = [
    ...withChildren(iose).map((program) => commandPage(program, iose.help.exitCodes)),
    daemonPage(iosed),
    gatewayPage(),
    usersPage(),
    boardPage(),
  ]
  const edition = editionOf(process.env)
  for (const page of pages) write(join(outdir, 'man', pathOf(page)), roffOf(page, edition))
  write(join(outdir, 'bash-completion/iose'), completionOfIose(iose))
  write(join(outdir, 'bash-completion/iosed'), completionOfIosed(iosed))
}

function editionOf(environment: NodeJS.ProcessEnv): Edition {
  const seconds = Number(environment['SOURCE_DATE_EPOCH'] ?? Number.NaN)
  if (!Number.isSafeInteger(seconds)) throw new Error('SOURCE_DATE_EPOCH is no number of seconds')
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  return { date: new Date(seconds * 1000).toISOString().slice(0, 10), version }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

const ROOT = join(import.meta.dirname, '../..')

build(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(
    `build-manual: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exitCode = 1
})
