// The package spi-device on what the steps say.

import spi from 'spi-device'
import { bytesOf, runSteps } from './steps.js'

const devices = new Map()
let current

/** A part is `SENT` or `SENT/speedHz/delayUs/change`; SENT is hex, or `#length` for no buffer. */
function partOf(text) {
  const [sent, speedHz = '0', delayUs = '0', change = ''] = text.split('/')
  const sendBuffer = sent.startsWith('#') ? undefined : bytesOf(sent)
  const byteLength = sendBuffer?.length ?? Number(sent.slice(1))
  return {
    ...{ byteLength, receiveBuffer: Buffer.alloc(byteLength) },
    ...(sendBuffer === undefined ? {} : { sendBuffer }),
    ...(speedHz === '0' ? {} : { speedHz: Number(speedHz) }),
    microSecondDelay: Number(delayUs),
    chipSelectChange: change === 'change',
  }
}

const received = (message) => Buffer.concat(message.map(({ receiveBuffer }) => receiveBuffer))

await runSteps({
  open: (bus, select) => {
    current = spi.openSync(bus, select)
    devices.set(`${bus}.${select}`, current)
  },
  use: (name) => {
    current = devices.get(name)
  },
  close: () => current.closeSync(),
  transfer: (...parts) => {
    const message = parts.map(partOf)
    return new Promise((resolve, reject) => {
      current.transfer(message, (error) => (error ? reject(error) : resolve(received(message))))
    })
  },
  transferSync: (...parts) => {
    const message = parts.map(partOf)
    current.transferSync(message)
    return received(message)
  },
  repeat: (times, part) => {
    for (let i = 0; i < times; i++) current.transferSync([partOf(part)])
  },
  setSpeed: (maxSpeedHz) => current.setOptionsSync({ maxSpeedHz }),
  setMode: (mode) => current.setOptionsSync({ mode }),
  setBits: (bitsPerWord) => current.setOptionsSync({ bitsPerWord }),
  speed: () => current.getOptionsSync().maxSpeedHz,
  mode: () => current.getOptionsSync().mode,
})
