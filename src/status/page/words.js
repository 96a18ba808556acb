// What things are called. Pure.

export const STATES = ['ready', 'leased', 'mute', 'quarantined', 'absent']

/** Text of somebody else, without what could reorder or hide the rest of the line. */
export function plain(text) {
  return String(text ?? '').replace(UNSEEN, '\ufffd')
}

/** For how long, in the largest unit that counts at least one. */
export function ageText(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? ['s', 1]
  return `${Math.floor(seconds / size)} ${unit}`
}

/** The name of an element, or what stands for one. */
export function nameOf(row) {
  return row.sen === null ? 'no name' : plain(row.sen)
}

/** How a session ended, for the line of its slot. */
export function endText(last, ageMs) {
  if (last === null) return 'no session yet'
  return `${ageText(ageMs)} ago: ${plain(last.cause)}`
}

export function timeText(instant) {
  return new Date(instant).toLocaleTimeString([], { hourCycle: 'h23' })
}

/** What became of the last update, as `iose update status` says it. */
export function lastUpdateText({ outcome, slot, version, reason, at }) {
  const what =
    version === undefined
      ? `what is in slot ${plain(slot)}`
      : `version ${plain(version)} in slot ${plain(slot)}`
  const why = reason === undefined ? '' : `: ${plain(reason)}`
  return `${what} ${OUTCOMES[outcome] ?? plain(outcome)} (${plain(at)})${why}`
}

export function mebibytes(bytes) {
  return String(Math.floor(bytes / 1_048_576))
}

/**
 * Commands that talk to the element of this name, with a file in the place of the key.
 * @param address  `host:port` of the service plane, as the gateway has bound it
 * @param seenAs   the host under which this page was reached
 */
export function callsFor(sen, address, seenAs) {
  const at = address.replace(ANY_ADDRESS, seenAs)
  const options = '-tls1_3 -groups P-256 -ciphersuites TLS_AES_128_CCM_SHA256'
  const name = encodeURIComponent(sen)
  return [
    `openssl s_client -connect ${at} -servername ${quoted(sen)} ${options} -psk "$(cat KEY_FILE)"`,
    `iose call ${quoted(`shellS://${name}@${at}/?query=?00`)} --psk-file KEY_FILE`,
  ]
}

/** One word for a shell. */
function quoted(text) {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const OUTCOMES = {
  installed: 'waits for its first start',
  confirmed: 'was confirmed',
  failed: 'did not meet its mission',
  'fell-back': 'was given up',
}
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const ANY_ADDRESS = /^(0\.0\.0\.0|\[::\])(?=:)/
const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
]
