// What can go wrong between the gateway and an element.

import { CodedError } from '../base/errors.ts'

export type LinkErrorCode = 'link.nack' | 'link.timeout' | 'link.stuck' | 'link.closed'

/** The way to the element failed: bus, socket, reader. Retry makes sense, except after `link.closed`. */
export class LinkError extends CodedError<LinkErrorCode> {}

export type ElementErrorCode = 'element.absent' | 'element.mute' | 'element.unsupported' | 'element.gone'

/** The element itself: not there, silent, something the gateway cannot use, or taken away in use. */
export class ElementError extends CodedError<ElementErrorCode> {}
