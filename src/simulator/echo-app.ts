// The application of the plain TLS-SE applet: it repeats what it gets.

import type { Application } from './tls-server.ts'

export const echoApplication: Application = {
  hasEchoModes: false,
  answerTo(text) {
    switch (Buffer.from(text).toString('latin1')) {
      case 'GET /\r\n':
        return { text: Buffer.from('I hear you fa shizzle!', 'latin1'), closes: true }
      case 'quit\r\n':
        return { text, closes: true }
      default:
        return { text, closes: false }
    }
  },
}
