// The device-tree overlay of a HAT: the clock of its bus, and names for its lines.

import type { Board, Hat } from '../../src/config/board.ts'
import { HEADER_LINES } from '../../src/hardware/header.ts'
import { headerUses } from '../../src/hardware/pins.ts'

/** Source for `dtc -@`. @throws Error when the board has a bus that no overlay is known for */
export function overlaySource(board: Board, hat: Hat): string {
  const bus = board.bus
  if (bus === undefined) throw new Error(`${UNKNOWN} a board without [bus]`)
  const other = board.slots.find(({ entry }) => entry.driver !== 'i2c' || entry.bus !== bus.number)
  if (other !== undefined) throw new Error(`${UNKNOWN} the bus of ${other.designator}`)
  const uses = headerUses(board)
  const names = Array.from({ length: HEADER_LINES }, (_, line) => uses.get(line)?.net ?? `GPIO${line}`)
  const rows = Array.from({ length: Math.ceil(names.length / NAMES_IN_ROW) }, (_, row) => {
    const ofRow = names.slice(row * NAMES_IN_ROW, (row + 1) * NAMES_IN_ROW)
    return `\t\t\t\t${ofRow.map((name) => JSON.stringify(name)).join(', ')}`
  })
  return `/*
 * ${hat.vendor}: ${board.name}, revision ${board.revision}.
 * Made by scripts/build-hardware from the board file; changes belong there.
 *
 * The multiplexers are no nodes here: a kernel driver would own their addresses, and the gateway switches them itself.
 * The names replace those of all lines of the chip; lines beyond the header have none while this overlay is applied.
 */
/dts-v1/;
/plugin/;

/ {
	compatible = "brcm,bcm2835";

	fragment@0 {
		target = <&i2c${bus.number}>;
		__overlay__ {
			clock-frequency = <${bus.clockHz}>;
			status = "okay";
		};
	};

	fragment@1 {
		target = <&gpio>;
		__overlay__ {
			gpio-line-names =
${rows.join(',\n')};
		};
	};
};
`
}

const NAMES_IN_ROW = 4
const UNKNOWN = 'scripts/hardware/overlay.ts knows no overlay for'
