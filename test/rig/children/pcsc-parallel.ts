// Opens all readers by the library named as argument, and sends five commands to each card, all cards at once.

import { exchange, PcscBench, resetOf } from '../pcsc-bench.ts'

const [, , library = ''] = process.argv
await using bench = await PcscBench.open(undefined, {
  library: library === 'smartcard' ? 'smartcard' : 'pcsclite',
})
await bench.until(() => bench.seids.length === 8, 'eight cards')
const elements = await Promise.all(bench.seids.map((seid) => bench.element(seid)))
await Promise.all(elements.map((element) => resetOf(element)))
const answers = await Promise.all(
  elements.map(async (element) => {
    const got: string[] = []
    for (let count = 0; count < 5; count++)
      got.push(await exchange(element, '00 a4 04 00 06 01 02 03 04 05 00'))
    return got
  }),
)
const good = answers.flat().filter((answer) => answer === '9000')
process.stdout.write(`${elements.length} cards, ${good.length} answers\n`)
