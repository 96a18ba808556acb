import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { arraySettingsOf } from '../../src/simulator/array-settings.ts'
import { drive } from '../support/array-bench.ts'

const PROGRAM = resolve(import.meta.dirname, '../../src/simulator/array-process.ts')

function start(context: TestContext, ...args: string[]) {
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit']
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, ...args], { stdio })
  context.after(() => child.kill('SIGKILL'))
  return child
}

test('array process: serves named cards on all boards, and ends cleanly', {
  timeout: 30_000,
}, async (context) => {
  const options = ['--port', '0', '--boards', '2', '--slots', '2', '--sen-template', 'key%.com']
  const child = start(context, ...options)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = /^array.ready port=([0-9]+)\n$/.exec(line.toString())?.[1]
  {
    await using world = await drive(Number(port))
    const { events } = world.reports
    assert.deepEqual(events, ['+array-101', '+array-102', '+array-201', '+array-202'])
    const element = world.reports.element('array-202')
    await element.reset('cold', Number.POSITIVE_INFINITY)
    const atr = await element.reset('cold', Number.POSITIVE_INFINITY)
    assert.equal(Buffer.from(atr.subarray(4)).toString('latin1'), 'key202.com')
  }
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('array process: options at their limits are taken, beyond them refused with their name', () => {
  assert.equal(arraySettingsOf(['--help']), 'help')
  const settings = arraySettingsOf(['--boards', '99', '--slots', '99', '--port', '65535'])
  assert.ok(settings !== 'help' && !('complaint' in settings))
  assert.deepEqual(settings.cardOf(9999), { applet: 'keystore', protocol: 't0', sen: 'sim9999.com' })
  const refused = [
    ...[
      ['--boards', '0'],
      ['--boards', '100'],
      ['--slots', '0'],
      ['--slots', '100'],
      ['--port', '65536'],
    ],
    ...[
      ['--port', 'x'],
      ['--sen-template', 'much-too-long-%.com'],
      ['--sen-template', ''],
    ],
    ...[
      ['--protocol', 't2'],
      ['--latency', 'x'],
      ['--applet', 'x'],
      ['--nonsense', 'x'],
    ],
  ]
  for (const [option = '', value = ''] of refused) {
    const outcome = arraySettingsOf([option, value])
    assert.ok(outcome !== 'help' && 'complaint' in outcome, `${option} ${value}`)
    assert.ok(outcome.complaint.includes(option), outcome.complaint)
  }
})
