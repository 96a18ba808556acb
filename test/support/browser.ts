// Debian's Chromium, one at a time, and one page in it that keeps what it complains about and where it asks.

import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from './playwright.ts'

const CHROMIUM = '/usr/bin/chromium'

/** Why a test that needs a browser cannot run here, or false. */
export const isBrowserMissing: string | false = existsSync(CHROMIUM)
  ? false
  : 'MISSING: chromium is not installed, this test needs it'

export class PageBench implements AsyncDisposable {
  readonly page: Page
  /** What the page has written to its console, and errors that it did not catch. */
  readonly complaints: string[] = []
  /** Origins that it has asked for anything. */
  readonly origins = new Set<string>()
  readonly #browser: Browser

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser
    this.page = page
    page.on('console', (message) => this.complaints.push(message.text()))
    page.on('pageerror', (error) => this.complaints.push(String(error)))
    page.on('request', (request) => this.origins.add(new URL(request.url()).origin))
  }

  /** Opens `url` and waits until it shows slots. */
  static async open(url: string): Promise<PageBench> {
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu'],
    })
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'dark' })
    page.setDefaultTimeout(PATIENCE_MS)
    const bench = new PageBench(browser, page)
    await bench.goto(url)
    return bench
  }

  /** Opens `url` anew, and resolves when a slot with its state is there. */
  async goto(url: string): Promise<void> {
    await this.page.goto(url)
    await this.page.locator('body[data-link="live"] .slot').first().waitFor()
  }

  /** The text of the part of slot `seid` that shows `field`, as soon as it fits; fails after `withinMs`. */
  async shows(seid: string, field: string, pattern: RegExp, withinMs = PATIENCE_MS): Promise<void> {
    const part = this.page.locator(`.slot[data-seid="${seid}"] [data-field="${field}"]`)
    await part.filter({ hasText: pattern }).waitFor({ timeout: withinMs })
  }

  /** Keeps pictures of the page as it is, wide and narrow, dark and light. */
  async shoot(name: string): Promise<void> {
    for (const colorScheme of ['dark', 'light'] as const) {
      await this.page.emulateMedia({ colorScheme })
      for (const [width, height] of SIZES) {
        await this.page.setViewportSize({ width, height })
        await this.page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`) })
      }
    }
    await this.page.setViewportSize({ width: 1280, height: 800 })
    await this.page.emulateMedia({ colorScheme: 'dark' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close()
  }
}

const SIZES = [
  [1280, 800],
  [360, 740],
] as const
const PATIENCE_MS = 10_000
const SCREENSHOTS = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'iose-page-'))
mkdirSync(SCREENSHOTS, { recursive: true })
