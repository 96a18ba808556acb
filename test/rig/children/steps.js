// Runs the steps of the command line against a table of calls and prints what they came to.

import { readdirSync } from 'node:fs'

/** @param {Record<string, (...args: any[]) => unknown>} calls */
export async function runSteps(calls) {
  const table = { ...calls, openFiles: () => readdirSync('/proc/self/fd').length }
  const results = []
  for (const step of JSON.parse(process.argv[2])) results.push(await runStep(table, step))
  console.log(JSON.stringify(results))
}

async function runStep(calls, [name, ...args]) {
  const start = process.hrtime.bigint()
  const elapsedUs = () => Number(process.hrtime.bigint() - start) / 1000
  try {
    const value = await (name === 'together' ? together(calls, args) : calls[name](...args))
    return { value: value instanceof Uint8Array ? hexOf(value) : (value ?? 0), elapsedUs: elapsedUs() }
  } catch (error) {
    if (error.errno === undefined) throw error
    // An addon's synchronous errors are positive, those of Node's fs are negative.
    return { errno: -Math.abs(error.errno), elapsedUs: elapsedUs() }
  }
}

/** Each argument is a list of steps; the lists run at the same time. */
async function together(calls, lists) {
  const run = async (list) => {
    for (const step of list) {
      const { errno } = await runStep(calls, step)
      if (errno !== undefined) throw Object.assign(new Error('together'), { errno })
    }
  }
  await Promise.all(lists.map(run))
}

export function bytesOf(hex) {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

function hexOf(bytes) {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ')
}
