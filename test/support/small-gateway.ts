// A gateway that knows a few commands, enough for the tool of its users; it plays both dialects' free text.

import type { TLSSocket } from 'node:tls'
import { linesOf, replyTo, ScriptedGateway } from './scripted-gateway.ts'
import type { TestPki } from './test-pki.ts'

/** Elements sim1 and sim2; sim2 is held by somebody else. `ECHO cut` cuts the connection, `ECHO never` has no answer. */
export function smallGateway(pki: TestPki): Promise<ScriptedGateway> {
  return ScriptedGateway.start(pki, answer)
}

function answer(request: string, socket: TLSSocket): void {
  const statuses: string[] = []
  const lines = linesOf(request)
  for (const [index, text] of lines.entries()) {
    if (text === 'ECHO cut') return void socket.destroy()
    if (text === 'ECHO never') return
    const isKept = text.endsWith(' APPEND')
    const [code, said] = statusOf(isKept ? text.slice(0, -' APPEND'.length) : text)
    const status = `${code} ${String(index + 1).padStart(3, '0')} ${said}`
    if (isKept || code.startsWith('-') || index === lines.length - 1) statuses.push(status)
    if (code.startsWith('-')) break
  }
  socket.write(replyTo(request, ...(lines.length === 0 ? ['+001 000 Success'] : statuses)), 'latin1')
}

function statusOf(line: string): [code: string, text: string] {
  const [command = '', seid = '', ...rest] = line.split(' ')
  const known = FIXED[line]
  if (known !== undefined) return known
  if (command === 'ECHO') return ['+009', seid]
  if (command === 'APDU') return apduOf(seid, rest)
  if (seid === 'sim2') return ['-7' + (CODES[command] ?? '00'), 'SEID sim2 in use by CN=other']
  if (command in CODES && seid !== 'sim1') return ['-6' + (CODES[command] ?? ''), `SEID ${seid} is not yours`]
  if (command === 'SEN') return ['+010', `SEN= ${rest[0] ?? 'key1.com'} AID= ${rest[1] ?? 'default'}`]
  if (command in CODES)
    return ['+0' + (CODES[command] ?? ''), `SEID ${seid} ${command} ${rest.join()}`.trim()]
  return ['-100', `${command} unknown command\x1b[31m`]
}

function apduOf(seid: string, [command = '', ...options]: string[]): [code: string, text: string] {
  if (seid !== 'sim1') return ['-606', `SEID ${seid} is not yours`]
  const answer = APDUS[command] ?? '6D00'
  const wanted = options.find((option) => option.startsWith('CONTINUE='))?.slice('CONTINUE='.length)
  if (wanted !== undefined && !answer.endsWith(wanted)) return ['-006', 'wrong SW']
  return answer === 'gone' ? ['-806', 'APDU execution error'] : ['+006', answer]
}

const CODES: Readonly<Record<string, string>> = { RESET: '05', SHUTDOWN: '07', POWERON: '08', SEN: '10' }

const FIXED: Readonly<Record<string, [string, string]>> = {
  LIST: ['+004', 'sim[1-2] '],
  'GET-VERSION': ['+002', '1.0'],
  'GET-SEN sim1': ['+011', 'key1.com [AID= default]'],
  'TRIES sim1': ['+014', 'authentication 1 of 3, verification 2 of 2'],
  'TRIES sim1 CLEAR': ['+014', 'authentication 0 of 3, verification 0 of 2'],
  'TRIES sim2 CLEAR': ['-614', 'only operators may do that'],
}

const APDUS: Readonly<Record<string, string>> = {
  '00A4040000': '9000',
  '0087000000': '010203FF9000',
  '00200000043132333463': '63C2',
  '00E7000000': 'gone',
}
