// What the manual says besides the help texts: files, the environment, the service.

const GATEWAY_TOML = { '/etc/iose/gateway.toml': 'Configuration of the gateway, see gateway.toml(5).' }
const CLIENT_FILES = {
  '~/.config/iose/config.toml':
    'Profiles: default_profile, and in [profiles.NAME] gateway, servername, cert, key and ca. $XDG_CONFIG_HOME goes before ~/.config.',
}
const HISTORY = (name: string) => ({
  [`~/.local/state/iose/${name}`]: 'Lines that were typed. $XDG_STATE_HOME goes before ~/.local/state.',
})
const PKI_FILES = {
  'pki/ca.pem, pki/ca.key': 'The authority. Whoever has its key can let anybody in.',
  'pki/server.pem, pki/server.key': 'The certificate of the gateway, and its key.',
  'pki/crl.pem': 'The list of what was revoked.',
}

/** By page: files that it is about. Relative ones lie in the state directory. */
export const FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  iose: { ...CLIENT_FILES, ...GATEWAY_TOML },
  'iose-shell': HISTORY('shell_history'),
  'iose-racs-console': HISTORY('racs_history'),
  'iose-racs': CLIENT_FILES,
  'iose-attach': CLIENT_FILES,
  'iose-audit': { 'audit/': 'The audit log, in the state directory of the gateway.', ...GATEWAY_TOML },
  'iose-doctor': GATEWAY_TOML,
  'iose-slots': GATEWAY_TOML,
  'iose-pki': { ...PKI_FILES, ...GATEWAY_TOML },
  iosed: {
    ...GATEWAY_TOML,
    '/var/lib/iose':
      'State directory of the service: certificates (pki/), users (users.toml), the audit log (audit/), names of elements, counts of wrong keys and PINs (tries.json), the token of the status plane (status.token).',
    '/var/lib/iose/users.toml': 'Who may use which element on the administration plane, see users.toml(5).',
    '/etc/credstore.encrypted/':
      'Keys that can be decrypted on this machine only: racs-key, the key of the administration plane, and audit-key, the key of the audit log. What is not there is looked for in the state directory.',
    '/run/iose/': 'Sockets of simulated cards that run in processes of their own.',
  },
}

/** By page: variables of the environment. */
export const ENVIRONMENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  iose: {
    XDG_CONFIG_HOME: 'Where the profiles are, in iose/config.toml; default ~/.config.',
    XDG_STATE_HOME:
      'Where histories are, and the state of a gateway that no service runs; default ~/.local/state.',
    STATE_DIRECTORY: 'State directory of the gateway, unless its configuration names one.',
    NO_COLOR: 'No colours, if it is not empty.',
  },
  iosed: {
    STATE_DIRECTORY: 'State directory, unless the configuration names one; systemd sets it.',
    XDG_STATE_HOME: 'Without STATE_DIRECTORY the state is in iose/ of this; default ~/.local/state.',
    CREDENTIALS_DIRECTORY: 'Where systemd puts keys: audit-key is the key of the audit log.',
    UV_THREADPOOL_SIZE: 'Threads for elements that are waited for; default 64.',
  },
}

/** What iosed(8) says of the service, paragraph by paragraph. */
export const SERVICE: readonly string[] = [
  'The Debian package runs the gateway as the service iosed.service, as the user iose, without any privilege. Its ports belong to the sockets iosed-tls-se.socket (8888, the service plane) and iosed-racs.socket (7777, the administration plane), so that they stay open while the gateway is restarted or upgraded.',
  'Changes of your own to the units: systemctl edit iosed, or systemctl edit iosed-racs.socket. The log is in the journal: journalctl -u iosed. systemctl reload iosed sends SIGHUP.',
]

/** What iosed(8) shows besides the example of the help: comment, command. */
export const SERVICE_EXAMPLES: readonly (readonly [string, string])[] = [
  [
    'A configuration for the service, checked before it is used:',
    'iosed --check-config --config /etc/iose/gateway.toml && systemctl restart iosed',
  ],
  ['What this machine lacks for the service:', 'sudo -u iose iose doctor'],
  ['After a change of users.toml, of certificates or of the revocation list:', 'systemctl reload iosed'],
]

/** By page: further pages to read. */
export const FURTHER: Readonly<Record<string, readonly string[]>> = {
  'iose-attach': ['iose-racs(1)', 'pcscd(8)'],
  'iose-shell': ['iose-call(1)', 'iose-attest(1)'],
  'iose-call': ['iose-shell(1)', 'iose-attest(1)'],
  'iose-attest': ['iose-call(1)', 'openssl(1)'],
  'iose-audit': ['gateway.toml(5)', 'iosed(8)'],
  'iose-doctor': ['gateway.toml(5)', 'iosed(8)'],
  'iose-slots': ['gateway.toml(5)', 'iosed(8)'],
  'iose-pki': ['users.toml(5)', 'iosed(8)'],
  'iose-racs-import-users': ['users.toml(5)'],
  iosed: [
    'iose(1)',
    'iose-doctor(1)',
    'gateway.toml(5)',
    'users.toml(5)',
    'iose-board(5)',
    'systemd.socket(5)',
  ],
}

export const USERS_EXAMPLE: readonly string[] = [
  '[users.alice]',
  'cn = "alice"',
  'role = "operator"',
  'seids = ["sim1", "sim2"]',
  'aids = { allow = ["010203040500"] }',
  'filters = [{ mask = "FFFF0000", value = "00200000" }]   # no VERIFY',
  '',
  '[users.alice.elements.sim1]',
  'filters = [{ aid = "010203040500", mask = "00FF0000", value = "00D60000" }]',
]

export const BOARD_EXAMPLE: readonly string[] = [
  '[gateway]',
  'board = "boards/hat-rev-a.toml"',
  '',
  '[[slots]]',
  'designator = "U3"',
  'sen = "vault.example.com"',
]
