// Prints the gap before the first partition of a new image, from its second sector on: boot-state.js >FILE.
// Both copies say that slot A is good.
import { COPY_OFFSETS, encodeBootState } from '../../dist/update/boot-state.js'

const gap = Buffer.alloc(COPY_OFFSETS[1] + 512)
const state = { slot: 'A', tries: 0, isConfirmed: true, reason: 0, givenUp: undefined }
COPY_OFFSETS.forEach((offset, index) => encodeBootState({ ...state, sequence: 2 - index }).copy(gap, offset))
process.stdout.write(gap.subarray(512))
