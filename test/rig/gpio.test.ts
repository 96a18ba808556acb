import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'node:test'
import { runSteps } from './child.ts'
import { Complement, Echo } from './models.ts'
import { compiled, Rig, type RigOptions } from './rig.ts'

const skip = Rig.isMissing('i2c-bus')

/** A C program that uses the character device of chip 0, which it has open. */
class Program implements AsyncDisposable {
  readonly rig: Rig
  readonly #child
  readonly #answers

  private constructor(rig: Rig) {
    this.rig = rig
    const env = { ...process.env, ...rig.env }
    this.#child = spawn(join(compiled(), 'gpio'), { env, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  static async start(options: Omit<RigOptions, 'timing'>): Promise<Program> {
    const program = new Program(await Rig.start({ timing: 'none', ...options }))
    await program.ask('chip /dev/gpiochip0')
    return program
  }

  async ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`)
    const { value } = (await this.#answers.next()) as { value: string }
    return value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end()
    await once(this.#child, 'close')
    await this.rig[Symbol.asyncDispose]()
  }
}

const [INPUT, OUTPUT, ACTIVE_LOW, RISING, FALLING] = [0x4, 0x8, 0x2, 0x10, 0x20]
const BUTTON = 17
const LED = 27
const CHIP: RigOptions['gpio'] = {
  0: {
    label: 'pinctrl-bcm2711',
    count: 58,
    lines: {
      [BUTTON]: { name: 'BUTTON', pull: 'up' },
      [LED]: { name: 'LED' },
      4: { name: 'IRQ', consumer: 'kernel' },
    },
  },
}

function request(flags: number, values: number, ...offsets: number[]): string {
  return `request ${flags.toString(16)} ${values.toString(16)} ${offsets.join(' ')}`
}

test('gpio: a chip tells its name, label and lines; a line its name and consumer', { skip }, async () => {
  await using program = await Program.start({ gpio: CHIP })
  assert.equal(await program.ask('chip /dev/gpiochip0'), 'gpiochip0 pinctrl-bcm2711 58')
  assert.equal(await program.ask(`info ${BUTTON}`), 'BUTTON - 4')
  assert.equal(await program.ask('info 4'), 'IRQ kernel 5')
  assert.equal(await program.ask('info 58'), 'errno 22')
  assert.equal(await program.ask('chip /dev/gpiochip1'), 'errno 2')
})

test('gpio: an output is seen by the test, also after its request is closed', { skip }, async () => {
  await using program = await Program.start({ gpio: CHIP })
  assert.equal(await program.ask(request(OUTPUT, 1, LED)), 'ok')
  assert.equal(program.rig.line(0, LED).level, 1)
  assert.equal(await program.ask(`info ${LED}`), 'LED gpio-child 9')
  assert.equal(await program.ask('set 0'), 'ok')
  assert.equal(program.rig.line(0, LED).level, 0)
  assert.equal(await program.ask('set 1'), 'ok')
  assert.equal(await program.ask('drop'), 'ok')
  assert.equal(await program.ask(`info ${LED}`), 'LED - 8')
  assert.equal(program.rig.line(0, LED).level, 1)
})

test('gpio: values of several lines, active low ones inverted', { skip }, async () => {
  await using program = await Program.start({ gpio: CHIP })
  program.rig.line(0, 5).drive(1)
  assert.equal(await program.ask(request(INPUT | ACTIVE_LOW, 0, 5, BUTTON, 6)), 'ok')
  assert.equal(await program.ask('get'), '4')
  program.rig.line(0, BUTTON).press()
  assert.equal(await program.ask('get'), '6')
  assert.equal(await program.ask('set 1'), 'errno 1')
})

test('gpio: requests that cannot be granted are EINVAL or EBUSY', { skip }, async () => {
  await using program = await Program.start({ gpio: CHIP })
  assert.equal(await program.ask(request(INPUT, 0, 58)), 'errno 22')
  assert.equal(await program.ask(request(INPUT | OUTPUT, 0, 5)), 'errno 22')
  assert.equal(await program.ask(request(OUTPUT | RISING, 0, 5)), 'errno 22')
  assert.equal(await program.ask(request(INPUT, 0)), 'errno 22')
  assert.equal(await program.ask(request(INPUT, 0, 4)), 'errno 16')
  assert.equal(await program.ask(request(INPUT, 0, 5)), 'ok')
  assert.equal(await program.ask(request(INPUT, 0, 5)), 'errno 16')
})

test('gpio: edges come as events, through epoll, and only those asked for', { skip }, async () => {
  await using program = await Program.start({ gpio: CHIP })
  const button = program.rig.line(0, BUTTON)
  assert.equal(await program.ask(request(INPUT | RISING | FALLING, 0, 5, BUTTON)), 'ok')
  assert.equal(await program.ask('idle'), '1')
  button.press()
  program.rig.line(0, 5).press()
  button.release()
  assert.equal(await program.ask('event'), `2 ${BUTTON} 1 1`)
  assert.equal(await program.ask('event'), '1 5 2 1')
  assert.equal(await program.ask('event'), `1 ${BUTTON} 3 2`)
  assert.equal(await program.ask(`config ${(INPUT | FALLING).toString(16)}`), 'ok')
  button.press()
  button.release()
  assert.equal(await program.ask('event'), `2 ${BUTTON} 4 3`)
  assert.equal(await program.ask('idle'), '1')
})

test('gpio: lines outlive the file of their chip, and leak none', { skip }, async () => {
  await using program = await Program.start({ gpio: CHIP })
  const files = await program.ask('files')
  for (let i = 0; i < 20; i++) {
    assert.equal(await program.ask(request(INPUT, 0, BUTTON)), 'ok')
    assert.equal(await program.ask('drop'), 'ok')
  }
  assert.equal(await program.ask('files'), files)
  assert.equal(await program.ask(request(INPUT, 0, BUTTON)), 'ok')
  assert.equal(await program.ask('close'), 'ok')
  assert.equal(await program.ask('get'), '1')
})

test('gpio: a reset line that is low resets its devices and silences them', { skip }, async () => {
  const echo = new Echo()
  await using program = await Program.start({
    gpio: { 0: { lines: { 22: { resets: [echo] } } } },
    buses: { 1: { clockHz: 400_000, devices: { 0x48: echo } } },
  })
  const write = async () =>
    (
      await runSteps('i2c', program.rig.env, [
        ['open', 1],
        ['write', 0x48, '01'],
      ])
    )[1]
  assert.equal((await write())?.value, 1)
  assert.equal(await program.ask(request(OUTPUT, 0, 22)), 'ok')
  assert.equal(echo.resets, 1)
  assert.equal((await write())?.errno, -121)
  assert.equal(await program.ask('set 1'), 'ok')
  assert.equal((await write())?.value, 1)
})

test('gpio: decoder lines choose among the devices of one chip select', { skip }, async () => {
  const [one, six] = [new Complement(), new Complement()]
  await using program = await Program.start({
    gpio: { 0: { lines: {} } },
    spi: { '0.0': { devices: { 1: one, 6: six }, decoder: { chip: 0, lines: [23, 24, 25] } } },
  })
  const transfer = () =>
    runSteps('spi', program.rig.env, [
      ['open', 0, 0],
      ['transfer', '55'],
    ])
  assert.equal(await program.ask(request(OUTPUT, 6, 23, 24, 25)), 'ok')
  assert.equal((await transfer())[1]?.value, 'aa')
  assert.equal(await program.ask('set 0'), 'ok')
  assert.equal((await transfer())[1]?.value, 'ff')
  assert.deepEqual([one.selects.length, six.selects.length], [0, 1])
})
