// Status words in plain words (ISO/IEC 7816-4, status bytes; GlobalPlatform uses them in the same sense).

/** What `sw`, four upper-case hex digits, says. */
export function statusWordMeaning(sw: string): string {
  const exact = EXACT[sw]
  if (exact !== undefined) return exact
  const [sw1, sw2] = [sw.slice(0, 2), Number.parseInt(sw.slice(2), 16)]
  if (sw.startsWith('63C')) {
    const tries = sw2 & 0x0f
    return tries === 1 ? 'wrong, 1 try left' : `wrong, ${tries} tries left`
  }
  if (sw1 === '61' || sw1 === '9F') return `done, ${sw2 === 0 ? 256 : sw2} more bytes to fetch`
  if (sw1 === '6C') return `wrong Le: ${sw2 === 0 ? 256 : sw2} bytes are there`
  return CLASSES[sw1] ?? 'a status word of the application'
}

const EXACT: Readonly<Record<string, string>> = {
  '6281': 'part of the data may be damaged',
  '6282': 'end of file before Le bytes',
  '6283': 'the application or file is blocked',
  '6285': 'the file is terminated',
  '6300': 'verification failed',
  '6310': 'more data to come',
  '6400': 'execution error',
  '6581': 'memory failure',
  '6700': 'wrong length',
  '6881': 'logical channel not supported',
  '6882': 'secure messaging not supported',
  '6982': 'security status not satisfied',
  '6983': 'blocked: no try left',
  '6984': 'the reference data cannot be used',
  '6985': 'conditions of use not satisfied',
  '6986': 'not allowed: nothing is selected',
  '6988': 'wrong secure messaging',
  '6999': 'the application cannot be selected',
  '6A80': 'wrong data',
  '6A81': 'function not supported',
  '6A82': 'application or file not found',
  '6A83': 'record not found',
  '6A84': 'not enough memory',
  '6A86': 'wrong P1 or P2',
  '6A88': 'referenced data not found',
  '6A89': 'the file exists already',
  '6B00': 'wrong P1 or P2',
  '6D00': 'unknown instruction',
  '6E00': 'class not supported',
  '6F00': 'the element cannot say what went wrong',
  '9000': 'done',
}

const CLASSES: Readonly<Record<string, string>> = {
  '62': 'a warning; nothing was changed',
  '63': 'a warning; something was changed',
  '64': 'execution error; nothing was changed',
  '65': 'execution error; something was changed',
  '66': 'a matter of security',
  '67': 'wrong length',
  '68': 'a function of the class byte is not supported',
  '69': 'the command is not allowed',
  '6A': 'wrong parameters',
  '6D': 'unknown instruction',
  '6E': 'class not supported',
  '6F': 'the element cannot say what went wrong',
}
