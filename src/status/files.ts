// The files of the status page: served as they are, and told to browsers so that nothing but them can run.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { extname } from 'node:path'

/** A board for the page to show. */
export interface BoardPicture {
  /** Name and revision. */
  readonly name: string
  /** Its slots and their wires, as its documentation has them; nothing of what is in the slots. */
  readonly svg: string
}

export const BOARD_PATH = '/page/board-map.svg'

/** The answers for the page and its parts, by path; read once. */
export function pageRoutes(board: BoardPicture | undefined): Map<string, (response: ServerResponse) => void> {
  const routes = new Map<string, (response: ServerResponse) => void>()
  for (const name of readdirSync(FOLDER)) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const body = readFileSync(new URL(name, FOLDER))
    routes.set(name === 'index.html' ? '/' : `/page/${name}`, routeOf(body, { 'Content-Type': type }))
  }
  if (board !== undefined) {
    const own = { 'Content-Type': SVG, 'Content-Security-Policy': picturePolicy(board.svg) }
    routes.set(BOARD_PATH, routeOf(Buffer.from(board.svg), own))
  }
  return routes
}

function routeOf(body: Buffer, headers: Readonly<Record<string, string>>) {
  return (response: ServerResponse): void => {
    response.writeHead(200, { ...HEADERS, ...headers, 'Content-Length': body.length })
    response.end(body)
  }
}

/** The picture has its look in itself: that, to the letter, and nothing else. */
function picturePolicy(svg: string): string {
  const [, style = ''] = /<style>([^]*?)<\/style>/.exec(svg) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  return `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'`
}

const FOLDER = new URL('./page/', import.meta.url)
const SVG = 'image/svg+xml'
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': SVG,
}
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...[
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ],
].join('; ')
const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // After an update the old page must not talk to the new gateway.
  'Cache-Control': 'no-cache',
}
