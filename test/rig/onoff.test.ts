import assert from 'node:assert/strict'
import test from 'node:test'
import { outcomes, runSteps, type Step } from './child.ts'
import { Rig, type RigOptions } from './rig.ts'

const skip = Rig.isMissing('onoff')

const GPIO: RigOptions['gpio'] = {
  0: { label: 'other', count: 8, lines: {} },
  1: {
    label: 'pinctrl-bcm2711',
    lines: { 17: { pull: 'up' }, 27: {}, 4: { consumer: 'kernel' }, 5: { pull: 'up' } },
  },
}

test('onoff: a number is the base of the chip, found by its label, and the offset', { skip }, async () => {
  await using rig = await Rig.start({ timing: 'none', gpio: GPIO })
  const results = await runSteps('onoff', rig.env, [['accessible'], ['number', 17]])
  assert.deepEqual(outcomes(results), [1, 512 + 8 + 17])
})

test('onoff: outputs reach the wire, inputs come from it', { skip }, async () => {
  await using rig = await Rig.start({ timing: 'none', gpio: GPIO })
  const steps: Step[] = [
    ['open', 27, 'low', 'none'],
    ['open', 17, 'in', 'none'],
    ['openFiles'],
    ['write', 27, 1],
    ['readSync', 27],
    ['read', 17],
    ['direction', 27],
    ['open', 4, 'in', 'none'],
    ['unexport', 17],
    ['open', 17, 'in', 'none'],
    ['openFiles'],
  ]
  const [, , files, ...rest] = outcomes(await runSteps('onoff', rig.env, steps))
  assert.deepEqual(rest, [0, 1, 1, 'out', 'errno -16', 0, 0, files])
  assert.equal(rig.line(1, 27).level, 1)
})

test('onoff: edges wake the watcher', { skip }, async () => {
  await using rig = await Rig.start({ timing: 'none', gpio: GPIO })
  // A wire from the output to the button, so that the child itself says when it is pressed.
  rig.line(1, 27).watch((level) => rig.line(1, 17).drive(level))
  const results = await runSteps('onoff', rig.env, [
    ['open', 27, 'high', 'none'],
    ['open', 17, 'in', 'both'],
    ['write', 27, 0],
    ['edges', 1],
    ['write', 27, 1],
    ['edges', 1],
    ['unexport', 17],
    ['unexport', 27],
  ])
  assert.deepEqual(outcomes(results), [0, 0, 0, '0', 0, '1', 0, 0])
})
