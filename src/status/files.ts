// The files of the status page: served as they are, and told to browsers so that nothing but them can run.

import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { extname } from 'node:path'

/** The answers for the page and its parts, by path; read once. */
export function pageRoutes(): Map<string, (response: ServerResponse) => void> {
  const routes = new Map<string, (response: ServerResponse) => void>()
  for (const name of readdirSync(FOLDER)) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const body = readFileSync(new URL(name, FOLDER))
    routes.set(name === 'index.html' ? '/' : `/page/${name}`, (response) => {
      response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': body.length })
      response.end(body)
    })
  }
  return routes
}

const FOLDER = new URL('./page/', import.meta.url)
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
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
