// The answer to reset of the simulated card (ISO/IEC 7816-3 section 8).

/** Which transmission protocol the card speaks. */
export type CardProtocol = 't1' | 't0'

/**
 * T=1: TD1 announces T=0 and a TD2 that announces T=1, so a check byte closes the ATR. T=0: TA1... as the cards in
 * the field show it, without check byte.
 * @param historical  0 to 15 bytes: the name of the server
 */
export function atrOf(protocol: CardProtocol, historical: Uint8Array): Uint8Array {
  if (protocol === 't0') return Uint8Array.of(TS_DIRECT, 0x60 | historical.length, 0x00, 0x00, ...historical)
  const checked = [0x80 | historical.length, 0x80, 0x01, ...historical]
  return Uint8Array.of(
    TS_DIRECT,
    ...checked,
    checked.reduce((sum, byte) => sum ^ byte, 0),
  )
}

const TS_DIRECT = 0x3b
