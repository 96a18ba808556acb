// What each key of the configuration is for. Values and defaults are not said here: they come from the schema.

export type KeyWords = Readonly<Record<string, string>>

/** Tables of gateway.toml: what the table is, then its keys. */
export const GATEWAY_TABLES: Readonly<Record<string, { about: string; keys: KeyWords }>> = {
  gateway: {
    about: 'The gateway as such.',
    keys: {
      name: 'What it calls itself.',
      state_dir:
        'Where it keeps what must survive a restart; relative paths of the configuration start there. Default: $STATE_DIRECTORY (the service: /var/lib/iose), else $XDG_STATE_HOME/iose, else ~/.local/state/iose.',
      drain_ms:
        'How long sessions may take to end by themselves when the gateway stops; then they are ended.',
      log_level: 'The least level that is logged.',
      board: 'A board file, see iose-board(5): beside this file, or one of those that come along.',
    },
  },
  tls_se: {
    about:
      'The service plane. The timers follow one another. The service has its port from iosed-tls-se.socket.',
    keys: {
      listen: 'Where clients connect.',
      hello_timeout_ms: 'From the connection to the whole ClientHello.',
      queue_wait_ms: 'Then, how long a client waits for a busy element.',
      handshake_timeout_ms: 'Then, the handshake.',
      idle_timeout_ms: 'Then, silence between records.',
      session_timeout_ms: 'The whole session, from the moment it has the element.',
      queue_length: 'Clients that may wait for one slot.',
      max_connections: 'Connections at a time.',
      max_connections_per_address: 'Of these, from one address.',
    },
  },
  racs: {
    about:
      'The administration plane. Relative paths start at the state directory. Without any of its files a first start makes them, for development; iose-pki(1) makes your own. The service has its port from iosed-racs.socket.',
    keys: {
      listen: 'Where clients connect.',
      ca: 'Who may issue client certificates. Default: pki/ca.pem.',
      cert: 'Certificate of the gateway. Default: pki/server.pem.',
      key: 'Its key. Default: pki/server.key.',
      crl: 'Which certificates are revoked. Default: pki/crl.pem.',
      users: 'Who may do what, see users.toml(5). Default: users.toml.',
      dialect: 'The draft of RACS, or as the IoSE server of the author of the protocol answers.',
      legacy_rsa:
        'Also TLS 1.2 with the one cipher suite that clients of that server speak; it has no forward secrecy.',
      handshake_timeout_ms: 'The handshake of TLS.',
      idle_timeout_ms: 'From one line to the next, and for a client to read its answers.',
      apdu_timeout_ms: 'One APDU line, with all that it fetches.',
      max_connections: 'Connections at a time.',
      max_connections_per_address: 'Of these, from one address.',
    },
  },
  status: {
    about: 'Who holds what, who waits, what is wrong: a page, iose-slots(1), metrics and health.',
    keys: {
      listen:
        'Where it listens. When it is set, the gateway does not start if the port is taken; else it is 127.0.0.1:8080, and the gateway goes on without.',
      token_file:
        'What readers must know on an address that is not loopback; made at a first start, relative to the state directory.',
      operator_token_file:
        'Lets whoever knows what is in it reset slots and set them aside. Without it nobody can, by this plane.',
    },
  },
  health: {
    about: 'How the gateway looks after elements that nobody uses.',
    keys: {
      poll_ms: 'How often each is looked at; 0: never.',
      max_resets_per_minute: 'Resets of one element, by whomever; more have to wait.',
    },
  },
  guard: {
    about:
      'An element blocks itself for ever after a few wrong keys or PINs. After so many in a row the gateway lets nobody try any more, until an operator clears the count: iose racs tries SEID --clear.',
    keys: {
      max_failed_authentications: 'Wrong keys.',
      max_failed_verifications: 'Wrong PINs.',
    },
  },
  audit: {
    about: 'Who did what, in audit/ of the state directory; iose-audit(1) checks and reads it.',
    keys: {
      key_file:
        'The key of the log: 64 hex digits, never in audit/. Default: audit-key of $CREDENTIALS_DIRECTORY, else pki/audit.key, which a first start makes, for development.',
      on_full:
        'What cannot be recorded is refused ("stop"), or it goes on, and the log shows the hole ("count").',
      max_file_mb: 'Then the next file begins. Old ones are yours to move away, the oldest first.',
      max_files:
        'So many files stay, the oldest is removed first, and the log says so. 0: all stay, until the disk is full. An appliance needs a limit: whoever reaches the ports makes records.',
    },
  },
  panel: {
    about: 'LEDs and buttons of a front panel.',
    keys: { gpio: 'How GPIO lines are had: by the character device, or by sysfs ("onoff").' },
  },
  pools: {
    about:
      'One name for several elements with the same application. A client that asks for it gets a free member, in turn, else the first to be free.',
    keys: {
      sen: 'The name.',
      members: 'SEIDs, or SENs: every element of that name.',
    },
  },
}

/** Keys that slots of more than one driver have. */
export const SLOT_KEYS: KeyWords = {
  driver: 'How the element is reached.',
  sen: 'The name by which clients reach it. Default: what the element gives in its historical bytes.',
  seid: 'The name by which it is administrated. Default: made of the place where it is.',
  aid: 'Application to select; the default-selected one when unset.',
  aliases: 'Further SEIDs.',
  max_record_bytes: 'Largest TLS record the element takes, header included.',
  designator:
    'Its name on the print of a board. With a board file, the table adds to that slot of the board.',
  led: 'Line of its LED, see "Lines"; active high unless said otherwise.',
  button: 'Line of its button, see "Lines"; active low unless said otherwise, with the resistor of the chip.',
  reset: 'Its reset, active low unless said otherwise: see "Lines" or "Decoders".',
  power:
    'Its power switch, active while it has no power, low unless said otherwise: see "Lines" or "Decoders". A cold reset uses it.',
  ready:
    'Line that is active while the element has an answer; without it the element is polled. Active high unless said otherwise.',
}

/** Drivers: what it is, and the keys that it alone has or means in its own way. */
export const DRIVERS: Readonly<Record<string, { about: string; keys: KeyWords }>> = {
  simulator: {
    about: 'Elements in software, for development: their keys live in memory.',
    keys: {
      count: 'So many of them; {n} in sen, seid, aliases and socket is 1, 2, and so on.',
      applet: 'Application that is on it. "none": blank, only the issuer domain.',
      protocol: 'Protocol of the card.',
      latency: 'How long it takes for a command, as a real part does.',
      psk: 'Its pre-shared key. The one in the default configuration is public.',
      scp: 'Secure channel of the issuer domain, see iose-gp(1).',
      max_key_tries: 'Wrong keys in a row after which the issuer domain blocks itself. Default: 10.',
      socket: 'A card that runs in a process of its own, and outlives the gateway.',
    },
  },
  i2c: {
    about:
      'An element on an I2C bus. Its SEID is made of bus and address unless you give one, such as i2c-1-48.',
    keys: {
      bus: 'N of /dev/i2c-N.',
      address: 'Its address on the bus: 0x08 to 0x77.',
      framing:
        '"nxp": T=1 over I2C; "gp": T=1\' of GlobalPlatform; "bridge": the microcontroller of the reference; "iso": blocks of ISO/IEC 7816-3.',
      clock_hz: 'What the bus runs at: a warning if the element cannot follow.',
      select: 'How it is told from others with its address: see "Multiplexers" or "Decoders".',
    },
  },
  spi: {
    about: 'An element on an SPI bus. Its SEID is spi-BUS.CHIP_SELECT unless you give one, such as spi-0.0.',
    keys: {
      bus: 'The B of /dev/spidevB.C.',
      chip_select: 'The C of it.',
      framing: '"gp": T=1\' of GlobalPlatform; "nxp": T=1 over SPI.',
      clock_hz: 'Lowered to what the element says it takes.',
      select: 'How it is told from others with its chip select: see "Decoders".',
    },
  },
  pcsc: {
    about:
      'Cards in PC/SC readers, whatever comes and goes. Their SEID is the serial number or name of the reader. With several tables a reader belongs to the first that selects it.',
    keys: {
      reader: 'Name, pattern of names, or serial number of the readers; pcsc_scan -r lists the names.',
      library: 'The addon that is used. Default: pcsclite, from Node 26 on smartcard.',
    },
  },
  'sim-array': {
    about:
      'SIMs behind an array server. {n} in seid, aliases and sen is the number of the slot. The protocol is clear text: let nobody but the gateway reach the array.',
    keys: {
      host: 'The array server.',
      port: 'Its port.',
      slots: 'Board * 100 + slot of each; all that the array has when left out.',
      max_connections: 'How many of its elements may be in use at a time.',
    },
  },
}

export const LINE_KEYS: KeyWords = {
  line: 'Offset of the line on its chip; on the 40-pin header that is the BCM number.',
  chip: 'Name or label of the GPIO chip. Default: that of the 40-pin header.',
  active: 'The level at which it is active. The default depends on what the line is for.',
}

export const DECODER_KEYS: KeyWords = {
  decoder: 'Lines of its address, lowest bit first.',
  enable: 'Line that enables it.',
  enable_active: 'The level that does.',
  output: 'Which of its outputs is meant.',
  chip: LINE_KEYS['chip'] ?? '',
}

export const SEGMENT_KEYS: KeyWords = {
  mux: 'Address of the PCA9548A or TCA9548A: 0x70 to 0x77.',
  channel: 'Its channel that leads to the element.',
  reset: 'Its reset, for a bus that is stuck: see "Lines" or "Decoders".',
}

export const BOARD_KEYS: KeyWords = {
  name: 'What the board is called.',
  revision: 'Which of its revisions.',
  hat: 'For a HAT+ of the Raspberry Pi: what its ID EEPROM says, see "[hat]".',
  bus: 'Its I2C bus up to the multiplexers, see "[bus]".',
  power: 'What its rail gives, see "[power]".',
  slots:
    'Its slots: tables [[slots]] with driver "i2c" or "spi", as in gateway.toml(5), each with a designator of its own.',
}

/** Tables of a board file, and the keys of its slots that a configuration has not. */
export const BOARD_TABLES: Readonly<Record<string, { about: string; keys: KeyWords }>> = {
  hat: {
    about:
      "With this table lines of the 40-pin header are checked too: those of the ID EEPROM and of I2C bus 1 are nobody else's.",
    keys: {
      vendor: 'Who makes it.',
      product_id: 'Number of the product.',
      product_version: 'Its version.',
      overlay: 'Name of its device-tree overlay, without folder and ending.',
    },
  },
  bus: {
    about:
      'The bus must rise in time with the channel of each slot connected: 0.8473 * ohms * farads, at most 1000 ns up to 100 kHz, 300 ns up to 400 kHz, 120 ns up to 1 MHz; and at 3.3 V no part may have to sink more than 3 mA.',
    keys: {
      number: 'N of /dev/i2c-N.',
      clock_hz: 'What it runs at; a clock_hz of a slot on it must be the same.',
      pull_up_ohms: 'Its pull-ups, those of the Raspberry Pi included.',
      capacitance_pf: 'Of all that is on it, without channels of multiplexers.',
    },
  },
  power: {
    about: 'The board and the max_ma of all slots may take no more than the rail gives.',
    keys: {
      rail_ma: 'What the rail gives to the board, in mA.',
      base_ma: 'What the board takes without its slots, in mA.',
    },
  },
  slots: {
    about: 'Keys that only a board file has.',
    keys: {
      part: 'What is there: a part number, or a socket.',
      level: 'Level of the signals at the element.',
      pull_up_ohms: 'Pull-ups of the channel of its multiplexer.',
      capacitance_pf: 'Capacitance of that channel.',
      max_ma: 'What the slot takes at most.',
      limit_ma: 'Where its power switch cuts off.',
    },
  },
}

/** Keys of users.toml: of a user, then of the tables in it. */
export const USER_KEYS: KeyWords = {
  cn: 'Common name of the client certificate.',
  fingerprint: 'SHA-256 of the client certificate, in the place of cn; it goes before a cn.',
  role: 'An operator may also end leases of others, set elements aside and clear counts of wrong keys.',
  seids: 'Names that may be addressed, each in its own right; ["*"] for all.',
  aids: 'Applications that may be selected, see "Applications". All, when left out.',
  filters: 'Commands that are blocked, see "Filters".',
  elements:
    'By SEID: [users.NAME.elements.SEID] has aids and filters that replace the general ones on that element.',
}

export const AID_KEYS: KeyWords = {
  allow: 'Only these; "" is the default application. An allowed AID is matched whole.',
  deny: 'All but these. A denied AID also refuses its prefixes.',
}

export const FILTER_KEYS: KeyWords = {
  aid: 'Only in that application; whatever is selected when left out.',
  mask: 'A command is blocked when CLA INS P1 P2 AND this ...',
  value: '... is this.',
}
