import assert from 'node:assert/strict'
import test from 'node:test'
import { hex } from '../support/hex-fields.ts'
import { play, type TpduExchange } from '../support/t0-bench.ts'

interface Row {
  readonly title: string
  readonly command: string
  readonly script: readonly TpduExchange[]
  readonly outcome: string
}

const AA = (count: number): string => 'AA'.repeat(count)

const ROWS: readonly Row[] = [
  {
    title: 'case 1 gets P3 = 00',
    command: '00 D8 00 00',
    script: [['w 00 D8 00 00 00', '90 00']],
    outcome: '9000',
  },
  {
    title: 'case 2S is a read of Le bytes',
    command: '00 B0 00 00 02',
    script: [['r 00 B0 00 00 02', '01 02 90 00']],
    outcome: '01029000',
  },
  {
    title: 'case 2S with Le 00 may bring 256 bytes',
    command: '00 B0 00 00 00',
    script: [['r 00 B0 00 00 00', `${AA(256)} 90 00`]],
    outcome: `${AA(256)}9000`,
  },
  {
    title: 'case 2S leaves 6Cxx to the layer above',
    command: '00 B0 00 00 00',
    script: [['r 00 B0 00 00 00', '6C 02']],
    outcome: '6C02',
  },
  {
    title: 'case 2S leaves 61xx to the layer above',
    command: '00 B0 00 00 02',
    script: [['r 00 B0 00 00 02', '01 02 61 05']],
    outcome: '01026105',
  },
  {
    title: 'case 3S is a write',
    command: '00 D6 00 00 02 A1 A2',
    script: [['w 00 D6 00 00 02 A1 A2', '90 00']],
    outcome: '9000',
  },
  {
    title: 'case 3S leaves 61xx and 9Fxx to the layer above',
    command: 'A0 A4 00 00 02 3F 00',
    script: [['w A0 A4 00 00 02 3F 00', '9F 16']],
    outcome: '9F16',
  },
  {
    title: 'case 4S goes without Le, and leaves 61xx to the layer above',
    command: '00 A4 04 00 02 A1 A2 00',
    script: [['w 00 A4 04 00 02 A1 A2', '61 10']],
    outcome: '6110',
  },
  {
    title: 'case 4S that fails is not asked for data',
    command: '00 A4 04 00 02 A1 A2 00',
    script: [['w 00 A4 04 00 02 A1 A2', '6A 82']],
    outcome: '6A82',
  },
  {
    title: 'case 4S after 9000 is asked for Ne bytes, by GET RESPONSE on its channel (case 4S.2)',
    command: '0F CA 00 00 02 A1 A2 03',
    script: [
      ['w 0F CA 00 00 02 A1 A2', '90 00'],
      ['r 03 C0 00 00 03', '01 02 03 90 00'],
    ],
    outcome: '0102039000',
  },
  {
    title: 'case 4S with nothing to give keeps its 9000',
    command: '00 20 00 81 02 A1 A2 00',
    script: [
      ['w 00 20 00 81 02 A1 A2', '90 00'],
      ['r 00 C0 00 00 00', '6F 00'],
    ],
    outcome: '9000',
  },
  {
    title: 'case 4S after a warning is asked with 00 and told the length (TS 102 221, 7.3.1.1.4 rule 4b)',
    command: '01 A2 01 04 02 A1 A2 05',
    script: [
      ['w 01 A2 01 04 02 A1 A2', '62 F1'],
      ['r 01 C0 00 00 00', '6C 02'],
      ['r 01 C0 00 00 02', '01 02 90 00'],
    ],
    outcome: '01029000',
  },
  {
    title: 'case 4S after a warning passes 61xx on to the layer above',
    command: '00 A2 01 04 02 A1 A2 00',
    script: [
      ['w 00 A2 01 04 02 A1 A2', '63 00'],
      ['r 00 C0 00 00 00', '61 03'],
    ],
    outcome: '6103',
  },
  {
    title: 'case 4S keeps a warning that is all there is, and asks once',
    command: '00 A2 01 04 02 A1 A2 00',
    script: [
      ['w 00 A2 01 04 02 A1 A2', '62 81'],
      ['r 00 C0 00 00 00', '62 81'],
    ],
    outcome: '6281',
  },
  {
    title: 'case 4S keeps its first status word when GET RESPONSE never finds its Le',
    command: '00 A2 01 04 02 A1 A2 00',
    script: [
      ['w 00 A2 01 04 02 A1 A2', '62 81'],
      ['r 00 C0 00 00 00', '6C 05'],
      ['r 00 C0 00 00 05', '6C 06'],
    ],
    outcome: '6281',
  },
  {
    title: 'case 4S of class A0 is not asked: a SIM announces its data by 9Fxx',
    command: 'A0 88 00 00 02 A1 A2 00',
    script: [['w A0 88 00 00 02 A1 A2', '90 00']],
    outcome: '9000',
  },
  {
    title: 'case 4S whose data the reader has fetched by itself is done',
    command: '00 88 00 00 02 A1 A2 00',
    script: [['w 00 88 00 00 02 A1 A2', '01 02 90 00']],
    outcome: '01029000',
  },
  {
    title: 'case 2E up to 256 bytes is a read like 2S',
    command: '00 B0 00 00 00 01 00',
    script: [['r 00 B0 00 00 00', `${AA(256)} 90 00`]],
    outcome: `${AA(256)}9000`,
  },
  {
    title: 'case 2E repeats with the Le of 6Cxx, once',
    command: '00 B0 00 00 00 00 05',
    script: [
      ['r 00 B0 00 00 05', '6C 02'],
      ['r 00 B0 00 00 02', '01 02 90 00'],
    ],
    outcome: '01029000',
  },
  {
    title: 'case 2E takes a second 6Cxx for the answer',
    command: '00 B0 00 00 00 00 05',
    script: [
      ['r 00 B0 00 00 05', '6C 02'],
      ['r 00 B0 00 00 02', '6C 03'],
    ],
    outcome: '6C03',
  },
  {
    title: 'case 2E cuts what the card has beyond Ne',
    command: '00 B0 00 00 00 00 01',
    script: [
      ['r 00 B0 00 00 01', '6C 02'],
      ['r 00 B0 00 00 02', '01 02 90 00'],
    ],
    outcome: '019000',
  },
  {
    title: 'case 2E of 257 bytes asks for 256, then for the one that is left, whatever 61xx offers',
    command: '00 B0 00 00 00 01 01',
    script: [
      ['r 00 B0 00 00 00', `${AA(256)} 61 00`],
      ['r 00 C0 00 00 01', 'BB 61 20'],
    ],
    outcome: `${AA(256)}BB6120`,
  },
  {
    title: 'case 2E gives up at 6700',
    command: '00 B0 00 00 00 01 01',
    script: [['r 00 B0 00 00 00', '67 00']],
    outcome: '6700',
  },
  {
    title: 'case 2E leaves 9Fxx to the layer above',
    command: '00 B0 00 00 00 01 01',
    script: [['r 00 B0 00 00 00', '9F 10']],
    outcome: '9F10',
  },
  {
    title: 'case 3E up to 255 bytes is a write like 3S',
    command: `00 D6 00 00 00 00 02 A1 A2`,
    script: [['w 00 D6 00 00 02 A1 A2', '61 02']],
    outcome: '6102',
  },
  {
    title: 'case 4E follows 61xx until Ne is reached',
    command: '8C D6 00 00 00 00 02 A1 A2 01 02',
    script: [
      ['w 8C D6 00 00 02 A1 A2', '61 00'],
      ['r 8C C0 00 00 00', `${AA(256)} 61 05`],
      ['r 8C C0 00 00 02', '6C 01'],
      ['r 8C C0 00 00 01', 'BB 90 00'],
    ],
    outcome: `${AA(256)}BB9000`,
  },
  {
    title: 'case 4E after 9000 is asked like 4S',
    command: '00 D6 00 00 00 00 02 A1 A2 01 02',
    script: [
      ['w 00 D6 00 00 02 A1 A2', '90 00'],
      ['r 00 C0 00 00 00', '61 01'],
      ['r 00 C0 00 00 01', 'BB 90 00'],
    ],
    outcome: 'BB9000',
  },
  {
    title: 'case 3E of 256 bytes goes in envelopes, on its channel, closed by an empty one',
    command: `51 D6 00 00 00 01 00 ${AA(256)}`,
    script: [
      [`w 41 C2 00 00 FF 51 D6 00 00 00 01 00 ${AA(248)}`, '90 00'],
      [`w 41 C2 00 00 08 ${AA(8)}`, '90 00'],
      ['w 41 C2 00 00 00', '90 00'],
    ],
    outcome: '9000',
  },
  {
    title: 'case 4E of 256 bytes fetches its answer after the last envelope',
    command: `00 D6 00 00 00 01 00 ${AA(256)} 00 00`,
    script: [
      [`w 00 C2 00 00 FF 00 D6 00 00 00 01 00 ${AA(248)}`, '90 00'],
      [`w 00 C2 00 00 0A ${AA(8)} 00 00`, '90 00'],
      ['w 00 C2 00 00 00', '61 02'],
      ['r 00 C0 00 00 02', '01 02 90 00'],
    ],
    outcome: '01029000',
  },
  {
    title: 'an envelope that is refused ends the command',
    command: `00 D6 00 00 00 01 00 ${AA(256)} 00 00`,
    script: [[`w 00 C2 00 00 FF 00 D6 00 00 00 01 00 ${AA(248)}`, '6D 00']],
    outcome: '6D00',
  },
  {
    title: 'an envelope answered by 61xx before the last one ends the command',
    command: `00 D6 00 00 00 01 00 ${AA(256)} 00 00`,
    script: [[`w 00 C2 00 00 FF 00 D6 00 00 00 01 00 ${AA(248)}`, '61 05']],
    outcome: '6105',
  },
]

for (const { title, command, script, outcome } of ROWS) {
  test(`t0: ${title}`, () => assert.equal(play(hex(command), script), outcome))
}
