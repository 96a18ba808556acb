// What the gateway does when it is told nothing, in the words of its own configuration file.

/** Without a `[[slots]]` table: four named elements, and a blank one for applications on demand. */
export const DEFAULT_SLOTS = `[[slots]]
driver = "simulator"                 # an element in software
count = 4                            # {n} below is 1, 2, 3, 4
sen = "key{n}.com"                   # the name by which clients reach it; at most 15 bytes
seid = "sim{n}"                      # the name by which it is administrated
applet = "keystore"                  # keystore | echo | tls-im | none (blank, only the issuer domain)
protocol = "t1"                      # or "t0"
latency = "none"                     # none | p71 | javacard-2020
psk = "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"
# scp = "scp03"                      # or "scp02": secure channel of the issuer domain (iose gp)
# max_key_tries = 10                 # wrong keys in a row after which the issuer domain blocks itself
# socket = "/run/iose/sim{n}.sock"   # a card that runs in a process of its own
# aliases = []                       # further SEIDs
# aid = "010203040500"               # application to select; the default-selected one when unset
# max_record_bytes = 512             # largest TLS record the element takes, header included

[[slots]]
driver = "simulator"
seid = "sim5"
applet = "none"

# [[slots]]
# driver = "i2c"                     # an element on an I2C bus; its SEID is i2c-1-48 unless you give one
# bus = 1                            # N of /dev/i2c-N
# address = 0x48
# framing = "nxp"                    # nxp (T=1 over I2C) | gp (T=1') | bridge (the reference's) | iso
# clock_hz = 400000                  # what the bus runs at: a warning if the element cannot follow
# select = { mux = 0x70, channel = 3, reset = { line = 4 } }  # behind a PCA9548A; its reset line
# reset = { line = 17, active = "low" }  # or { decoder = [13, 6, 5, 12], enable = 19, output = 5 }; also as select
# ready = { line = 25, active = "high" } # while the element has an answer

# [[slots]]
# driver = "spi"                     # an element on an SPI bus; its SEID is spi-0.0 unless you give one
# bus = 0                            # /dev/spidev0.0
# chip_select = 0
# framing = "gp"                     # gp (T=1') | nxp
# clock_hz = 1000000                 # lowered to what the element takes

# [[slots]]
# driver = "pcsc"                    # cards in PC/SC readers; their SEID is the serial number or name of the reader
# reader = "*"                       # name, pattern of names, or serial number; \`pcsc_scan -r\` lists the names
# library = "pcsclite"               # or smartcard, the default from Node 26 on

# [[slots]]
# driver = "sim-array"               # SIMs behind an array server; {n} in seid, aliases and sen is the slot's number
# host = "192.168.1.20"
# port = 2310
# seid = "array-{n}"
# slots = [101, 216]                 # board * 100 + slot; all that the array has when left out
# max_connections = 16               # how many of its elements may be in use at a time
`

const STATUS = `[status]                             # who holds what, who waits, what is wrong: a page, and \`iose slots\`
# listen = "127.0.0.1:8080"          # set: the gateway does not start when it is taken, else it goes on without
token_file = "status.token"          # what its readers must know on an address that is not loopback; made at a first
                                     # start, relative to state_dir
# operator_token_file = "operator.token"  # lets whoever knows what is in it reset slots and set them aside, by the page
`

const HEALTH = `[health]                             # how the gateway looks after elements that nobody uses
poll_ms = 5000                       # how often each is looked at; 0: never
max_resets_per_minute = 600          # of one element; more have to wait
`

const GUARD = `[guard]                              # an element blocks itself for ever after a few wrong keys or PINs;
max_failed_authentications = 3       # after so many in a row the gateway lets nobody try any more,
max_failed_verifications = 2         # until an operator says TRIES seid CLEAR
`

const AUDIT = `[audit]                              # who did what, in audit/ of state_dir; \`iose audit verify\` checks it
# key_file = "/media/key/audit.key"  # 64 hex digits, never in audit/; default: audit-key of $CREDENTIALS_DIRECTORY, else
                                     # pki/audit.key, which a first start makes, for development
on_full = "stop"                     # what cannot be recorded is refused; "count": it goes on, and the log shows the hole
max_file_mb = 16                     # then the next file begins; old ones are yours to move away
max_files = 0                        # so many stay, the oldest is removed first; 0: all stay, until the disk is full
`

const POOL_EXAMPLE = `# [[pools]]
# sen = "signer.example"             # a client that asks for this name gets a free member, or the first to be free
# members = ["sim1", "sim2"]         # SEIDs, or SENs: every element of that name; all with the same application
`

/** The whole default configuration, as `iosed --print-default-config` prints it. */
export const DEFAULT_CONFIG = `# Configuration of the Internet of Secure Elements gateway. Every key is optional; these are the defaults.

[gateway]
name = "iose"
# state_dir = "/var/lib/iose"        # default: $STATE_DIRECTORY, else $XDG_STATE_HOME/iose, else ~/.local/state/iose
# board = "boards/hat-rev-a.toml"    # slots and lines of a HAT; beside this file, or of those that come along
drain_ms = 3000                      # at a stop, how long sessions may take to end by themselves; at most 4000
log_level = "info"                   # debug | info | warn | error | silent

[tls_se]                             # the service plane
listen = "127.0.0.1:8888"
hello_timeout_ms = 10000             # absolute, from accept to the whole ClientHello; the timers follow one another:
queue_wait_ms = 10000                # then waiting for a busy element,
handshake_timeout_ms = 20000         # then the handshake,
idle_timeout_ms = 30000              # then silence between records
session_timeout_ms = 600000          # the whole session, from the moment it has the element
queue_length = 8                     # waiting clients per slot
max_connections = 12000
max_connections_per_address = 64

[racs]                               # the administration plane
listen = "127.0.0.1:7777"
# ca = "pki/ca.pem"                  # who may issue client certificates; relative paths start at state_dir.
# cert = "pki/server.pem"            # Without any of these files a first start makes them, for development;
# key = "pki/server.key"             # \`iose pki\` makes your own. racs-key of $CREDENTIALS_DIRECTORY goes before it
# crl = "pki/crl.pem"
# users = "users.toml"
dialect = "draft"                    # or "reference": as the IoSE server of the protocol's author answers
legacy_rsa = false                   # true: also TLS 1.2 without forward secrecy, for clients of that server
handshake_timeout_ms = 10000
idle_timeout_ms = 600000             # from one line to the next, and for a client to read its answers
apdu_timeout_ms = 60000              # one APDU line, with all that it fetches
max_connections = 256
max_connections_per_address = 64

${STATUS}
${HEALTH}
${GUARD}
${AUDIT}
[panel]
gpio = "cdev"                        # how GPIO lines are had: the character device, or "onoff": sysfs

${DEFAULT_SLOTS}
${POOL_EXAMPLE}`
