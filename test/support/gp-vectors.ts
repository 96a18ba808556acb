// Sessions with security domains, byte for byte. GPJ: produced by the published gp.jar as host against a card
// simulator that computed everything for itself; PYS: the same with the classes of pysim, or its recorded tests;
// KAOH: recorded tests of kaoh/globalplatform; ISS: a real card, from an issue of GlobalPlatformPro.

export interface GpVector {
  readonly name: string
  readonly protocol: 'SCP02' | 'SCP03'
  /** Of the card; of SCP02 15 (any challenge) or 55 (computed). */
  readonly i: number
  readonly enc: string
  readonly mac: string
  readonly dek: string
  readonly level: 0x01 | 0x03 | 0x11 | 0x33
  /** P1 of INITIALIZE UPDATE, and what the card has. */
  readonly askedVersion: number
  /** AID of the security domain, where the challenge of the card follows from it. */
  readonly aid?: string
  readonly hostChallenge: string
  /** Answer to INITIALIZE UPDATE, without status word. */
  readonly answer: string
  /** EXTERNAL AUTHENTICATE. */
  readonly authenticate: string
  readonly commands: readonly GpVectorCommand[]
}

export interface GpVectorCommand {
  /** INS P1 P2 data, spaced; the class is 80. */
  readonly plain: string
  /** As it goes over the wire, Le included. */
  readonly sent: string
  /** What comes back, status word included; undefined where the source has none. */
  readonly answer?: string
  /** Data of `answer` in clear; its own data when left out. */
  readonly clear?: string
}

const D = '404142434445464748494A4B4C4D4E4F'
const D_SET = { enc: D, mac: D, dek: D }
const D192 = `${D}5051525354555657`
const D256 = `${D}505152535455565758595A5B5C5D5E5F`
const STATUS_ISD = 'F28002 4F00'
const ISD_A0000151 = 'E3134F08A0000001510000009F700101C5039EFE80'

export const GP_VECTORS: readonly GpVector[] = [
  {
    name: 'V1 SCP02 i=55 level 01 (GPJ, PYS)',
    ...{ protocol: 'SCP02', i: 0x55, level: 0x01, askedVersion: 0, ...D_SET, aid: 'A000000003000000' },
    hostChallenge: '0011223344556677',
    answer: '00001122334455667788FF0200016C7FFC113FB9203CA5736426C83A',
    authenticate: '84820100108542043971422C89D9CFDF44C1D1112E',
    commands: [
      {
        plain: STATUS_ISD,
        sent: '84F280020A4F00F9CB443FF3C5E38A00',
        answer: 'E3134F08A0000000030000009F700101C5039EFE809000',
      },
      { plain: 'CA0066', sent: '84CA0066086D5E851162EABA4C00' },
      {
        plain: 'E40080 4F050102030405',
        sent: '84E400800F4F05010203040590609FE024CC993C00',
        answer: '009000',
      },
    ],
  },
  {
    name: 'V2 SCP02 i=15 level 03 (GPJ)',
    ...{ protocol: 'SCP02', i: 0x15, level: 0x03, askedVersion: 0, ...D_SET },
    hostChallenge: '08090A0B0C0D0E0F',
    answer: '00001122334455667788FF02002AA1A2A3A4A5A66A7B95412197D321',
    authenticate: '8482030010EB88C29898E346B9800A6DECEC18144D',
    commands: [
      { plain: 'F24002 4F00', sent: '84F2400210C982CB827289DD96933991037B50CA3200', answer: '6A88' },
      { plain: STATUS_ISD, sent: '84F2800210C982CB827289DD9697144D1057B7EB6C00' },
    ],
  },
  {
    name: 'V3 SCP03 i=70 AES-128 level 01 (GPJ, PYS)',
    ...{ protocol: 'SCP03', i: 0x70, level: 0x01, askedVersion: 0, ...D_SET, aid: 'A000000151000000' },
    hostChallenge: '0011223344556677',
    answer: '00001122334455667788FF037086C8BD65FA1044EE707A3FA35DE12B2D000001',
    authenticate: '848201001021397242467FF75FAC568F0C574F8F35',
    commands: [
      { plain: STATUS_ISD, sent: '84F280020A4F004782D8356CFFA27600', answer: `${ISD_A0000151}9000` },
      {
        plain: 'E40080 4F050102030405',
        sent: '84E400800F4F05010203040574D73838AA5D354000',
        answer: '009000',
      },
    ],
  },
  {
    name: 'V4 SCP03 i=60 AES-128 level 03 (GPJ, PYS)',
    ...{ protocol: 'SCP03', i: 0x60, level: 0x03, askedVersion: 0x30, ...D_SET },
    hostChallenge: '1011121314151617',
    answer: '00001122334455667788300360B0B1B2B3B4B5B6B744B2068734677FB0',
    authenticate: '8482030010B4096B4C8466DBC1254225BE91C1985A',
    commands: [
      { plain: STATUS_ISD, sent: '84F280021889BDC7EF2D8C9F7989E9935CCDDEEE8AA62B1F42C7A4B42200' },
      { plain: 'CA0066', sent: '84CA00660812A20709EF5C0DEC00' },
      {
        plain: 'E40080 4F050102030405',
        sent: '84E40080189196B5477FF1206E301E183760EAE6A936F1CA080D1DD96F00',
      },
    ],
  },
  {
    name: 'V5 SCP03 i=70 AES-128 level 33 (PYS)',
    ...{ protocol: 'SCP03', i: 0x70, level: 0x33, askedVersion: 0x30, ...D_SET, aid: 'A000000151000000' },
    hostChallenge: '2021222324252627',
    answer: '00001122334455667788300370E5E212EDF523BA337E0E73545FEA21B5000005',
    authenticate: '848233001042A1B496BE0C00FD51545BB524300774',
    commands: [
      {
        plain: STATUS_ISD,
        sent: '84F280021894FD1CC0F24CB51E78CA68FD44E87CE1A58F532DBF2703A200',
        answer: '95933C3A58226419183AC8CDE67975186EE1D5819DDDA85A91B5D610080DD52046C8AB4DE705B0F89000',
        clear: ISD_A0000151,
      },
      {
        plain: 'E40080 4F050102030405',
        sent: '84E4008018251361A0036D84C24D2CF5B4B5DE9E7211D6D82DB4CF92B800',
        answer: 'BB37FB7C7A4117660141D51ED584F01E3DE705BC196A04D29000',
        clear: '00',
      },
      {
        plain: 'F24002 4F00',
        sent: '84F2400218DE9F3C1C689FC1342FD10BD12E310B53202A27C46845CC0600',
        answer: '6A88',
      },
    ],
  },
  {
    name: 'V6 SCP03 i=70 AES-256 level 11 (PYS)',
    ...{ protocol: 'SCP03', i: 0x70, level: 0x11, askedVersion: 0x30, aid: 'A000000151000000' },
    ...{ enc: D256, mac: D256, dek: D256 },
    hostChallenge: '0011223344556677',
    answer: '00001122334455667788300370F6143AFF76D5D18201ACBC0399F8C17F000001',
    authenticate: '8482110010B5670A487C00EEAF253669B29B04FD5F',
    commands: [
      {
        plain: STATUS_ISD,
        sent: '84F280020A4F00C3A34704C35C42E100',
        answer: `${ISD_A0000151}38FF06C341551F909000`,
        clear: ISD_A0000151,
      },
    ],
  },
  {
    name: 'V7 SCP03 i=70 AES-192 level 01 (PYS)',
    ...{ protocol: 'SCP03', i: 0x70, level: 0x01, askedVersion: 0x30, aid: 'A000000151000000' },
    ...{ enc: D192, mac: D192, dek: D192 },
    hostChallenge: '0011223344556677',
    answer: '00001122334455667788300370D1AFB7B2D3C91E5E2A1047C6F46D2D44000001',
    authenticate: '8482010010856A5EFB42F514BA6C1DCC0F83723046',
    commands: [{ plain: STATUS_ISD, sent: '84F280020A4F00B48AEC16D8941B9900' }],
  },
  {
    name: 'V8 SCP03 i=70 AES-128 level 33 (PYS, recorded)',
    ...{
      protocol: 'SCP03',
      i: 0x70,
      level: 0x33,
      askedVersion: 0x30,
      aid: 'A0000005591010FFFFFFFF8900000100',
    },
    enc: '000102030405060708090A0B0C0D0E0F',
    mac: '101112131415161718191A1B1C1D1E1F',
    dek: '202122232425262728292A2B2C2D2E2F',
    hostChallenge: 'FDF38259A1E0DE44',
    answer: '000000000000000000003003703B1ACA81E821F219081CDC01C26B372D000003',
    authenticate: '84823300108C36F96BCC00724A4E13AD591D7DA3F0',
    commands: [
      {
        plain: 'E29100 BF3E035C015A',
        sent: '84E2910018267A85DFE4A98FCA6FB0527E0DFECCE4914E40401433C87F00',
        answer: 'F3BA2B1013AA6224F5E1C138D71805C569E5439B47576260B75FC021B25097CB2E68F8A0144975B99000',
        clear: 'BF3E125A1089882119900000000000000000000005',
      },
      { plain: 'F22002', sent: '84F2200208AC6A59024BED84CC00' },
      { plain: 'CA0066', sent: '84CA006608409912AD8FB7AED000' },
    ],
  },
  {
    name: 'V9 SCP03 i=70 AES-128 level 03 (KAOH, recorded)',
    ...{ protocol: 'SCP03', i: 0x70, level: 0x03, askedVersion: 0, aid: 'A000000151000000' },
    enc: 'F995D0A069335C7DF42E590317FFEA6D',
    mac: '58563362EC5A4541ABCD32B34B1EAE7D',
    dek: D,
    hostChallenge: 'B2BDE1A2DC66BD56',
    answer: '00000000000000000000300370C40932A6FEFEAEB2E127185170F45FCA000015',
    authenticate: '848203001059D54D932423D29F6313C970875F8C2F',
    commands: [
      {
        plain: 'E40080 4F08A001000151414 34C',
        sent: '84E400801829F06AEC3180B3EFE91FF662310B945DE0D5FE66AD67A5B600',
      },
    ],
  },
  {
    name: 'V10 SCP02 i=15 level 01 (KAOH, recorded)',
    ...{ protocol: 'SCP02', i: 0x15, level: 0x01, askedVersion: 0, ...D_SET },
    hostChallenge: 'D5AD539A60CA5E72',
    answer: '000074746E6E6E6262620102069FAA2A0591E73367DD78794D04315E',
    authenticate: '84820100107C799B3C771DBAE6BEF49310977617BA',
    commands: [{ plain: 'F22002 4F00', sent: '84F220020A4F00BB6E71C0EFCFCF0D00' }],
  },
  {
    name: 'V11 SCP02 i=15 level 03 (KAOH, recorded)',
    ...{ protocol: 'SCP02', i: 0x15, level: 0x03, askedVersion: 0, ...D_SET },
    hostChallenge: 'EBAA9E53C696281B',
    answer: '000074746E6E6E626262010206A15086BBEE58F467149061DA4B6EAE',
    authenticate: '848203001005814C116071EB67D8BA9D9879454564',
    commands: [
      {
        plain: 'E40080 4F08D0D1D2D3D4D50101',
        sent: '84E4008018BC146FA0403BE4BAD3BC089E4ABD8674DA7EFEA21047B85800',
        answer: '6A88',
      },
      {
        plain: 'E40080 4F07D0D1D2D3D4D501',
        sent: '84E4008018C2748C1669FAFC0E20C5253680388A4A49C9A6038D77B45700',
        answer: '009000',
      },
    ],
  },
  {
    name: 'V12 SCP02 i=55 level 01 (ISS, a real card)',
    ...{ protocol: 'SCP02', i: 0x55, level: 0x01, askedVersion: 0, ...D_SET, aid: 'A000000003000000' },
    hostChallenge: 'AD34599E02D8FAF7',
    answer: '0000008C00002B170AC0200203B24028A18D797BC5DFD309EDB24B73',
    authenticate: '84820100109F499C19E050CDC5586977708B40EDCB',
    commands: [],
  },
]
