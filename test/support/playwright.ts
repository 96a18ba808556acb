// As much of playwright-core as the tests use. Its own types need those of a browser, which would be everywhere then.

import { createRequire } from 'node:module'

export interface Browser {
  newPage(options: { viewport: Size; colorScheme: ColorScheme }): Promise<Page>
  close(): Promise<void>
}

export interface Page {
  readonly keyboard: { press(key: string): Promise<void> }
  on(event: 'console', listener: (message: { text(): string }) => void): void
  on(event: 'pageerror', listener: (error: Error) => void): void
  on(event: 'request', listener: (request: { url(): string }) => void): void
  goto(url: string): Promise<unknown>
  title(): Promise<string>
  fill(selector: string, text: string): Promise<void>
  /** @param expression  in the language of the page */
  evaluate(expression: string): Promise<unknown>
  locator(selector: string, options?: Having): Locator
  getByRole(role: string, options: { name: string }): Locator
  setDefaultTimeout(timeoutMs: number): void
  setViewportSize(size: Size): Promise<void>
  emulateMedia(media: { colorScheme: ColorScheme }): Promise<void>
  screenshot(options: { path: string }): Promise<unknown>
}

export interface Locator {
  filter(options: Having): Locator
  locator(selector: string, options?: Having): Locator
  first(): Locator
  waitFor(options?: { timeout?: number; state?: 'visible' | 'hidden' }): Promise<void>
  click(): Promise<void>
  focus(): Promise<void>
  textContent(): Promise<string | null>
  isVisible(): Promise<boolean>
  isDisabled(): Promise<boolean>
  /** Chooses the file at `path`. */
  setInputFiles(path: string): Promise<void>
  allTextContents(): Promise<string[]>
}

export type ColorScheme = 'dark' | 'light'

interface Having {
  readonly hasText?: string | RegExp
}

interface Size {
  readonly width: number
  readonly height: number
}

interface Playwright {
  readonly chromium: { launch(options: { executablePath: string; args: string[] }): Promise<Browser> }
}

export const { chromium } = createRequire(import.meta.url)('playwright-core') as Playwright
