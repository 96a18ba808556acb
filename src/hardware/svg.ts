// What both pictures are made of: text as text, colours for dark and light, nothing from elsewhere.

export interface Picture {
  readonly title: string
  /** What a reader who does not see it needs to know. */
  readonly description: string
  readonly width: number
  readonly height: number
  readonly body: string
}

export function svg({ title, description, width, height, body }: Picture): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
<title id="title">${escaped(title)}</title>
<desc id="desc">${escaped(description)}</desc>
<style>
${STYLE}
</style>
<rect class="paper" width="${width}" height="${height}" rx="8"/>
${body}</svg>
`
}

/** @param more  a class for its look, an anchor */
export function words(x: number, y: number, text: string, more: string = ''): string {
  return `<text x="${x}" y="${y}"${more === '' ? '' : ` ${more}`}>${escaped(text)}</text>\n`
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

// Contrast of text on its ground is at least 4.5 in both looks: test/hardware/pictures.test.ts.
const STYLE = `text { font: 13px/1.2 "DejaVu Sans", Verdana, sans-serif; fill: #1b1f24 }
.head { font-size: 17px; font-weight: bold }
.name { font-weight: bold }
.small { font-size: 11px; fill: #3a424a }
.end { text-anchor: end }
.middle { text-anchor: middle }
.paper { fill: #ffffff }
.card { fill: #f3f5f7; stroke: #6b747e }
.pin { fill: #d9dee3; stroke: #6b747e }
.pin.power { fill: #f6c9c4 }
.pin.ground { fill: #b4bcc4 }
.pin.used { fill: #c3e2c8 }
@media (prefers-color-scheme: dark) {
  text { fill: #e8ebee }
  .small { fill: #b3bcc5 }
  .paper { fill: #14171b }
  .card { fill: #20262c; stroke: #8b959f }
  .pin { fill: #39424b; stroke: #8b959f }
  .pin.power { fill: #6d2f2a }
  .pin.ground { fill: #2a3036 }
  .pin.used { fill: #24512d }
}`
