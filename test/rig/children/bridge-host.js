// An I2C host that does one access at a time, on what each line of standard input says; a line of JSON answers each.

import { createInterface } from 'node:readline'
import i2c from 'i2c-bus'
import { bytesOf } from './steps.js'

const bus = await i2c.openPromisified(Number(process.argv[2]))
const calls = {
  write: async (address, hex) => {
    const bytes = bytesOf(hex)
    return (await bus.i2cWrite(address, bytes.length, bytes)).bytesWritten
  },
  read: async (address, length) => {
    const { bytesRead, buffer } = await bus.i2cRead(address, length, Buffer.alloc(length))
    return buffer.subarray(0, bytesRead).toString('hex')
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line)
  console.log(JSON.stringify(await outcomeOf(name, args)))
}

async function outcomeOf(name, args) {
  try {
    return { value: await calls[name](...args) }
  } catch (error) {
    if (error.errno === undefined) throw error
    return { errno: Math.abs(error.errno) }
  }
}
