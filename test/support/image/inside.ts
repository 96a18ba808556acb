// Commands inside the booted image, as root. Nobody can log in to it, and nothing of it is changed for this: systemd takes
// units from whoever runs the virtual machine (systemd.system-credentials(7)), here one that reads commands from a port.

import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { type Outcome, successOf } from '../container/outcome.ts'
import type { Disk } from './disk.ts'
import { type Board, type BoardOptions, powerOn } from './machine.ts'

/**
 * Powers a board on in which commands can be run.
 * @returns once its systemd has started what it starts by itself up to basic.target
 */
export async function powerOnInside(disk: Disk, options: BoardOptions = {}): Promise<Inside> {
  const folder = mkdtempSync(join(tmpdir(), `inside-${process.pid}-`))
  try {
    const port = join(folder, 'port')
    const credentials = Object.entries(commandCredentials(VIRTIO_PORT)).flatMap(([name, content]) => {
      const file = join(folder, name)
      writeFileSync(file, content)
      return ['-fw_cfg', `name=opt/io.systemd.credentials/${name},file=${file}`]
    })
    const devices = [
      ...(options.devices ?? []),
      ...credentials,
      ...['-chardev', `socket,id=commands,path=${port},server=on,wait=off`],
      ...['-device', 'virtio-serial-device', '-device', 'virtserialport,chardev=commands,name=commands'],
    ]
    return await Inside.enter(await powerOn(disk, { ...options, devices }), { folder, port })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/**
 * What systemd is handed, by name, so that it runs commands that come over `device`. On a board without fw_cfg, the
 * command line of the kernel carries it: `systemd.set_credential_binary=`.
 */
export function commandCredentials(device: string): Readonly<Record<string, string>> {
  const unit = [
    // Wanted by the root alone, which is there before the default target is isolated.
    ...['[Unit]', 'Description=Commands of a test', 'IgnoreOnIsolate=yes', 'StartLimitIntervalSec=0'],
    // It ends when nobody is at the other end of the port yet.
    ...['[Service]', `ExecStart=/bin/sh ${CREDENTIALS}/commands ${device}`, 'Restart=always', 'RestartSec=1'],
  ]
  return {
    commands: COMMANDS,
    // The names of files in fw_cfg have 55 characters at most.
    'systemd.extra-unit.t.service': `${unit.join('\n')}\n`,
    'systemd.unit-dropin.-.mount': '[Unit]\nWants=t.service\n',
  }
}

export class Inside implements AsyncDisposable {
  readonly board: Board
  readonly #folder: string
  readonly #port: Socket
  readonly #lines: Interface
  readonly #answers: AsyncIterator<string, undefined>
  /** The command that runs. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(board: Board, folder: string, port: Socket) {
    this.board = board
    this.#folder = folder
    this.#port = port
    this.#lines = createInterface({ input: port })
    this.#answers = this.#lines[Symbol.asyncIterator]()
  }

  /** @param at  `port`: the socket of the board's port; `folder`: what is removed in the end */
  static async enter(
    board: Board,
    at: { folder: string; port: string },
    limitSeconds = LIMIT_SECONDS,
  ): Promise<Inside> {
    try {
      const inside = new Inside(board, at.folder, await connected(at.port))
      await board.within(inside.#answer('ready'), 'no command can be run in it', limitSeconds)
      return inside
    } catch (error) {
      await board[Symbol.asyncDispose]()
      throw error
    }
  }

  /**
   * Runs lines of a shell as root, without input, and tells how they ended. One after the other, however often called.
   * @param limitSeconds  after which they are ended: their status is then 124
   */
  run(script: string, limitSeconds = 60): Promise<Outcome> {
    const answer = this.#last.then(() => {
      this.#port.write(`${limitSeconds} ${Buffer.from(script).toString('base64')}\n`)
      return this.board.within(this.#answer('done'), `this does not end: ${script.slice(0, 500)}`)
    })
    this.#last = answer.catch(() => undefined)
    return answer.then(([status = '', stdout = '', stderr = '']) => ({
      status: Number(status),
      stdout: Buffer.from(stdout, 'base64').toString(),
      stderr: Buffer.from(stderr, 'base64').toString(),
    }))
  }

  /** As `run`, resolves to the standard output. @throws Error with all it said when it ends with another code than 0 */
  async success(script: string, limitSeconds = 60): Promise<string> {
    return successOf([script], await this.run(script, limitSeconds))
  }

  /** Orders a restart, which begins in a second: so the order is answered. */
  async restart(): Promise<void> {
    await this.success('systemd-run --quiet --on-active=1s systemctl --no-block reboot')
  }

  /** Writes a file, and the folders it needs; where the image is not read-only, /run for instance. */
  async write(path: string, content: string | Buffer, mode = '644'): Promise<void> {
    const base64 = Buffer.from(content).toString('base64')
    const lines = base64.match(/.{1,76}/g) ?? []
    const folder = path.slice(0, path.lastIndexOf('/'))
    const decode = `base64 -d >'${path}' <<'END'\n${lines.join('\n')}\nEND`
    await this.success(`mkdir -p '${folder}' && ${decode}\nchmod ${mode} '${path}'`)
  }

  /** Copies a file of the host to `path`. */
  async copyIn(source: string, path: string): Promise<void> {
    await this.write(path, readFileSync(source))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lines.close()
    this.#port.destroy()
    await this.board[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The next answer that begins with `kind`, in words. Others are of a service that was started again. */
  async #answer(kind: string): Promise<string[]> {
    for (;;) {
      const next = await this.#answers.next()
      if (next.done === true) throw new Error('the port for commands was closed')
      const [first, ...words] = next.value.split(' ')
      if (first === kind) return words
    }
  }
}

/** The port is there when QEMU has started. */
async function connected(path: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    const socket = connect(path)
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (tries === 100) throw error
      await delay(100)
    }
  }
}

/** A boot takes 30 s on an idle machine. */
const LIMIT_SECONDS = 240
const VIRTIO_PORT = '/dev/virtio-ports/commands'
const CREDENTIALS = '/run/credentials/@system'
// Each line has seconds and, in base64, what the shell is to run in them; each answer status, output and errors.
const COMMANDS = `exec 3<>"$1"
stty -F "$1" raw -echo 2>/dev/null
mkdir -p /run/commands && cd /run/commands
echo ready >&3
while read -r limit script <&3; do
  echo "$script" | base64 -d >script
  timeout -k 5 "$limit" sh script </dev/null >out 2>err 3>&-
  echo "done $? $(base64 -w 0 out) $(base64 -w 0 err)" >&3
done
`
