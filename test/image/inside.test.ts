import assert from 'node:assert/strict'
import test from 'node:test'
import { cannotBootImage, Disk } from '../support/image/disk.ts'
import { powerOnInside } from '../support/image/inside.ts'

test('inside: runs commands in the image as root, and changes nothing of it', {
  skip: cannotBootImage(),
}, async (t) => {
  using disk = new Disk()
  await using inside = await powerOnInside(disk)
  t.diagnostic(`entered ${inside.board.seconds.toFixed(1)} s after power on`)
  assert.deepEqual(await inside.run('id -u; echo wrong >&2; exit 3'), {
    ...{ status: 3, stdout: '0\n', stderr: 'wrong\n' },
  })
  assert.equal((await inside.run('sleep 60', 1)).status, 124)
  // More than a pipe or a line of a terminal holds; and in the order of the calls.
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index & 0xff))
  await inside.write('/run/test/bytes', bytes, '600')
  const [sent, size] = await Promise.all([
    inside.success('base64 -w 0 /run/test/bytes'),
    inside.success('stat -c "%s %a" /run/test/bytes'),
  ])
  assert.ok(Buffer.from(sent, 'base64').equals(bytes))
  assert.equal(size, '100000 600\n')
  await assert.rejects(inside.success('touch /etc/here'), /Read-only file system/)
  await inside.board.waitFor(/iose: up, slot A/)
})
