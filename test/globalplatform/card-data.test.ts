import assert from 'node:assert/strict'
import test from 'node:test'
import { cplcOf, keyInformationOf, readCardData, recognitionOf } from '../../src/globalplatform/card-data.ts'
import { tlvsOf } from '../../src/globalplatform/tlv.ts'
import { cardLine, elementWith, gpError, lineTo, takenBeginnings } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

/** KAOH, a real NXP card. */
const CPLC =
  '4790 D600 4700 0000 0000 3244 34295220 8448 0000 0000 0000 0000 1527 8234 32393532 0000 0000 00000000'
/** ISS CoIMS_Wiki#8: SCP02 i=15, GlobalPlatform 2.1.1. */
const RECOGNITION_SCP02 =
  '6631732F 06072A864886FC6B01 600C060A2A864886FC6B02020101 630906072A864886FC6B03 640B06092A864886FC6B040215'
/** KAOH: SCP03 i=70, GlobalPlatform 2.2. */
const RECOGNITION_SCP03 =
  '664D734B 06072A864886FC6B01 600B06092A864886FC6B020203 630906072A864886FC6B03 ' +
  '640B06092A864886FC6B040370 650D060B2A864886FC6B0507020000 660C060A2B060104012A026E0103'
const KEYS = 'E012 C00401FF8010 C00402FF8010 C00403FF8010'

/** What is in the object. */
function inside(object: string): Uint8Array {
  return tlvsOf(hex(object), 'test')[0]?.value ?? assert.fail('no object')
}

/** Card recognition data with these objects after its own identifier. */
function recognition(...objects: readonly string[]): Uint8Array {
  const content = hex(`06072A864886FC6B01 ${objects.join('')}`)
  return Uint8Array.of(0x73, content.length, ...content)
}

test('card data: CPLC of a real NXP card (KAOH)', () => {
  const cplc = cplcOf(hex(CPLC))
  assert.equal(cplc?.fields['icFabricator'], '4790')
  assert.equal(cplc.fields['icSerialNumber'], '34295220')
  assert.equal(cplc.fields['icBatch'], '8448')
  assert.equal(cplc.fields['icFabricationDate'], '3244')
  assert.equal(cplc.fields['prePersonalizationEquipment'], '32393532')
  assert.equal(cplc.fields['personalizationEquipment'], '00000000')
  assert.equal(cplc.uniqueId, '4790 D600 8448 34295220'.replaceAll(' ', ''))
  assert.equal(Object.values(cplc.fields).join(''), CPLC.replaceAll(' ', ''))
})

test('card data: a CPLC of 41 or 43 bytes, or of none, is none that is known', () => {
  const whole = hex(CPLC)
  assert.equal(whole.length, 42)
  for (let length = 0; length < 42; length++) assert.equal(cplcOf(whole.subarray(0, length)), undefined)
  assert.equal(cplcOf(Uint8Array.of(...whole, 0)), undefined)
})

test('card data: recognition of an element with SCP02 i=15 (ISS CoIMS_Wiki#8)', () => {
  assert.deepEqual(recognitionOf(inside(RECOGNITION_SCP02)), {
    version: '2.1.1',
    protocols: [{ scp: 2, i: 0x15 }],
  })
})

test('card data: recognition of an element with SCP03 i=70 (KAOH)', () => {
  assert.deepEqual(recognitionOf(inside(RECOGNITION_SCP03)), {
    version: '2.3',
    protocols: [{ scp: 3, i: 0x70 }],
  })
})

test('card data: versions of GlobalPlatform have two or three parts', () => {
  for (const [bytes, version] of [
    ['0202', '2.2'],
    ['020201', '2.2.1'],
    ['0203', '2.3'],
    ['020301', '2.3.1'],
  ] as const) {
    const length = (6 + 1 + bytes.length / 2).toString(16).padStart(2, '0')
    const outer = (6 + 1 + bytes.length / 2 + 2).toString(16).padStart(2, '0')
    const object = `60 ${outer} 06 ${length} 2A864886FC6B 02 ${bytes}`
    assert.equal(recognitionOf(recognition(object)).version, version)
  }
})

test('card data: several protocols, each in its tag 64 or all in one', () => {
  const each = '640B06092A864886FC6B040255 640B06092A864886FC6B040370'
  const inOne = '6416 06092A864886FC6B040255 06092A864886FC6B040370'
  const protocols = [
    { scp: 2, i: 0x55 },
    { scp: 3, i: 0x70 },
  ]
  assert.deepEqual(recognitionOf(recognition(each)).protocols, protocols)
  assert.deepEqual(recognitionOf(recognition(inOne)).protocols, protocols)
})

test('card data: options over 7F in base 128, or as one byte as it is (KAOH)', () => {
  const of = (arcs: string) => recognitionOf(recognition(arcs)).protocols
  assert.deepEqual(of('640B 0609 2A864886FC6B04 8000'), [{ scp: 0x80, i: 0 }])
  assert.deepEqual(of('640C 060A 2A864886FC6B04 11 9B06'), [{ scp: 0x11, i: 0xd86 }])
  assert.deepEqual(of('640B 0609 2A864886FC6B04 03 F0'), [{ scp: 3, i: 0xf0 }])
  assert.deepEqual(of('640A 0608 2A864886FC6B04 03'), [{ scp: 3, i: 0 }])
  assert.deepEqual(of('6409 0607 2A864886FC6B04'), [])
  assert.deepEqual(of('640B 0609 2A864886FC6C04 0370'), [])
})

test('card data: options that are too long for any protocol are still no negative number', () => {
  const [protocol] = recognitionOf(recognition('640F 060D 2A864886FC6B04 03 FFFFFFFF7F')).protocols
  assert.deepEqual(protocol, { scp: 3, i: 2 ** 35 - 1 })
})

test('card data: recognition without tag 73 is malformed, without version or protocols it is not', () => {
  assert.throws(() => recognitionOf(hex('')), gpError('gp.malformed', /no tag 73/))
  assert.throws(() => recognitionOf(hex('72 00')), gpError('gp.malformed', /no tag 73/))
  assert.deepEqual(recognitionOf(recognition()), { version: undefined, protocols: [] })
  assert.deepEqual(recognitionOf(hex('73 00')), { version: undefined, protocols: [] })
})

test('card data: no beginning of the recognition samples is taken', () => {
  for (const sample of [RECOGNITION_SCP02, RECOGNITION_SCP03])
    assert.equal(takenBeginnings(inside(sample), recognitionOf), 0)
})

test('card data: key information of three 3DES keys of the factory', () => {
  const component = { type: 0x80, length: 16 }
  assert.deepEqual(
    keyInformationOf(inside(KEYS)),
    [1, 2, 3].map((id) => ({ id, version: 0xff, components: [component] })),
  )
})

test('card data: keys have several components, and in the extended format longer ones', () => {
  const [rsa, extended] = keyInformationOf(hex('C006 01 73 A180 A003 | C007 02 30 FF88 0020 01'))
  assert.deepEqual(rsa, {
    ...{ id: 1, version: 0x73 },
    components: [
      { type: 0xa1, length: 0x80 },
      { type: 0xa0, length: 3 },
    ],
  })
  assert.deepEqual(extended, { id: 2, version: 0x30, components: [{ type: 0x88, length: 0x20 }] })
})

test('card data: key information may be cut off between two keys, and nowhere else', () => {
  assert.equal(takenBeginnings(inside(KEYS), keyInformationOf), 3)
  for (const key of ['C000', 'C001 01', 'C003 01FF 80', 'C005 01FF FF88 00', 'C004 01FF FF88']) {
    assert.throws(() => keyInformationOf(hex(key)), gpError('gp.malformed', /^key information/), key)
  }
  assert.deepEqual(keyInformationOf(hex('C002 01FF')), [{ id: 1, version: 0xff, components: [] }])
})

const ASKED = ['80CA9F7F00', '80CA004200', '80CA004500', '80CA006600', '80CA00E000', '80CA00C100']

test('card data: an element with everything, asked once for each', async () => {
  const line = elementWith({
    '80CA9F7F00': `9F7F2A ${CPLC} 9000`,
    // ISS GlobalPlatformPro#253
    '80CA004200': '4203000000 9000',
    '80CA004500': '45020000 9000',
    '80CA006600': `${RECOGNITION_SCP02} 9000`,
    '80CA00E000': `${KEYS} 9000`,
    '80CA00C100': 'C102002A 9000',
  })
  const told = await readCardData(line.transmit)
  assert.equal(told.cplc?.uniqueId, '4790D600844834295220')
  assert.deepEqual([told.iin, told.cin, told.sequenceCounter], ['000000', '0000', '002A'])
  assert.deepEqual(told.recognition, { version: '2.1.1', protocols: [{ scp: 2, i: 0x15 }] })
  assert.equal(told.keys.length, 3)
  assert.deepEqual(line.sent, ASKED)
})

test('card data: bare values, without their tag, are the same', async () => {
  const line = elementWith({
    '80CA9F7F00': `${CPLC} 9000`,
    '80CA004200': 'FEDC 9000',
    '80CA004500': '0000 9000',
    '80CA006600': `${RECOGNITION_SCP03.slice(4)} 9000`,
    '80CA00E000': `${KEYS.slice(4)} 9000`,
    '80CA00C100': '000005 9000',
  })
  const told = await readCardData(line.transmit)
  assert.equal(told.cplc?.uniqueId, '4790D600844834295220')
  assert.deepEqual([told.iin, told.cin, told.sequenceCounter], ['FEDC', '0000', '000005'])
  assert.deepEqual(told.recognition?.protocols, [{ scp: 3, i: 0x70 }])
  assert.equal(told.keys.length, 3)
})

test('card data: whatever status word stands for "not there", it is undefined', async () => {
  for (const sw of ['6A88', '6A80', '6A86', '6D00', '6985', '6982', '6E00', '6C00']) {
    const line = elementWith({}, sw)
    assert.deepEqual(await readCardData(line.transmit), {
      ...{ cplc: undefined, iin: undefined, cin: undefined, recognition: undefined },
      ...{ keys: [], sequenceCounter: undefined },
    })
  }
})

test('card data: an answer that is no object is malformed', async () => {
  for (const asked of ['80CA006600', '80CA00E000']) {
    const line = elementWith({ [asked]: 'FF 9000' })
    await assert.rejects(readCardData(line.transmit), gpError('gp.malformed'))
  }
})

test('card data: what transmit throws comes through', async () => {
  const gone = new Error('the reader is gone')
  const line = lineTo(() => {
    throw gone
  })
  await assert.rejects(readCardData(line.transmit), gone)
  assert.deepEqual(line.sent, ['80CA9F7F00'])
})

for (const protocol of ['t0', 't1'] as const) {
  for (const scp of ['scp02', 'scp03'] as const) {
    test(`card data: of the simulated card, ${scp} over ${protocol}`, async () => {
      const kdd = hex('0001 0203 0405 06070809')
      const {
        cplc,
        recognition: known,
        keys,
        ...rest
      } = await readCardData(cardLine({ scp, kdd }, { protocol }).transmit)
      assert.equal(cplc?.fields['icSerialNumber'], '06070809')
      assert.equal(cplc.fields['icBatch'], '0405')
      const spoken = scp === 'scp02' ? { scp: 2, i: 0x55 } : { scp: 3, i: 0x70 }
      assert.deepEqual(known, { version: '2.3', protocols: [spoken] })
      const type = scp === 'scp02' ? 0x80 : 0x88
      assert.deepEqual(
        keys,
        [1, 2, 3].map((id) => ({ id, version: 0xff, components: [{ type, length: 16 }] })),
      )
      const sequenceCounter = scp === 'scp02' ? '0001' : '000000'
      assert.deepEqual(rest, { iin: '000102', cin: '000102', sequenceCounter })
    })
  }
}
