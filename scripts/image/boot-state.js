// Prints the gap before the first partition of a new image, from its second sector on: boot-state.js >FILE.
// Both copies say that slot A is good.
import { COPY_OFFSETS, confirmedState, encodeBootState } from '../../dist/update/boot-state.js'

const gap = Buffer.alloc(COPY_OFFSETS[1] + 512)
COPY_OFFSETS.forEach((offset, index) =>
  encodeBootState({ ...confirmedState('A'), sequence: 2 - index }).copy(gap, offset),
)
process.stdout.write(gap.subarray(512))
