// What is wrong with the configuration: always the operator's to mend.

import { CodedError } from '../base/errors.ts'

export type ConfigErrorCode = 'config.missing' | 'config.invalid'

/** The message names the file, the path in it and the value found. */
export class ConfigError extends CodedError<ConfigErrorCode> {}
