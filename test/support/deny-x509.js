// Preloaded into a process that must not load the X.509 library: doing so fails.

import { register } from 'node:module'

const hooks = `
export function resolve(specifier, context, next) {
  if (specifier.startsWith('@peculiar/')) throw new Error('the X.509 library was loaded')
  return next(specifier, context)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
