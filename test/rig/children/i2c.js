// The package i2c-bus on what the steps say. `read 72 5` is one access of its own; `repeat` does it many times.

import { readFileSync, statSync } from 'node:fs'
import i2c from 'i2c-bus'
import { bytesOf, runSteps } from './steps.js'

let bus

async function read(address, length) {
  const { bytesRead, buffer } = await bus.i2cRead(address, length, Buffer.alloc(length))
  return buffer.subarray(0, bytesRead)
}

await runSteps({
  open: async (number) => {
    bus = await i2c.openPromisified(number)
  },
  close: () => bus.bus().closeSync(),
  read,
  write: async (address, hex) => {
    const bytes = bytesOf(hex)
    return (await bus.i2cWrite(address, bytes.length, bytes)).bytesWritten
  },
  readSync: (address, length) => {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, bus.bus().i2cReadSync(address, length, bytes))
  },
  repeat: async (times, address, length) => {
    for (let i = 0; i < times; i++) await read(address, length)
  },
  receiveByte: (address) => bus.receiveByte(address),
  sendByte: (address, byte) => bus.sendByte(address, byte),
  readByte: (address, command) => bus.readByte(address, command),
  writeByte: (address, command, byte) => bus.writeByte(address, command, byte),
  readWord: (address, command) => bus.readWord(address, command),
  writeWord: (address, command, word) => bus.writeWord(address, command, word),
  writeQuick: (address, bit) => bus.writeQuick(address, bit),
  readI2cBlock: async (address, command, length) => {
    const { bytesRead, buffer } = await bus.readI2cBlock(address, command, length, Buffer.alloc(length))
    return buffer.subarray(0, bytesRead)
  },
  writeI2cBlock: async (address, command, hex) => {
    const bytes = bytesOf(hex)
    return (await bus.writeI2cBlock(address, command, bytes.length, bytes)).bytesWritten
  },
  plainI2c: () => bus.bus().i2cFuncsSync().i2c | 0,
  scan: async () => Buffer.from(await bus.scan()),
  isCharacterDevice: (path) => Number(statSync(path).isCharacterDevice()),
  fileLength: (path) => readFileSync(path).length,
})
