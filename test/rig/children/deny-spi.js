// Preload: the addon spi-device cannot be found, as where nothing could compile it.

import { register } from 'node:module'

const hook = `export function resolve(specifier, context, next) {
  if (specifier === 'spi-device') throw new Error('denied by the test')
  return next(specifier, context)
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
