// What is wrong with a request, before or after an element was asked.

import { CodedError } from '../base/errors.ts'

export type RequestErrorCode =
  | 'request.not-begun'
  | 'request.begun-twice'
  | 'request.bad-name'
  | 'request.unknown-command'
  | 'request.syntax'
  | 'request.bad-value'
  | 'request.not-held'
  | 'request.wrong-status'
  | 'request.nameless'
  | 'request.response-full'

/** Ends a request with a status line; the message is its text and goes to the client. */
export class RequestError extends CodedError<RequestErrorCode> {}
