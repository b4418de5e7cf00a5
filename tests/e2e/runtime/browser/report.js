// What went wrong, for the test to read.

import { glassEasel } from 'glass-easel-miniprogram-adapter'

const { watched } = window.miniProgram
const errors = []
const missing = new Set()

export const complain = (error) => {
  errors.push(String((error && (error.stack || error.errMsg)) || error))
  console.warn(error)
}
export const guard = (run) => {
  try { return run() } catch (error) { return complain(error) }
}
/** Notes what the runtime does not do. */
export const unsupported = (name) => { missing.add(name) }
export const report = () => ({ errors, unsupported: [...missing] })

/** change:NAME may watch a name that the component does not have. */
const isWatched = (message) => watched.some((name) => message.includes(`"${name}" is not a valid property`) ||
  message.includes(`"${name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())}" is not a valid property`))
/** Packages are not ours to put right, and WeChat says nothing. */
const isOfPackage = (message, component) => /(^|\/)miniprogram_npm\//.test(component?.is) || /"([\w-]+\/)*miniprogram_npm\//.test(message)
/** A property that is not set yet has its default; a page that waits for its data has many of them. */
const isUnset = (message) => message.includes('but get null value')
const isHarmless = (message, component) => isWatched(message) || isOfPackage(message, component) || isUnset(message)

glassEasel.globalOptions.throwGlobalError = false
glassEasel.addGlobalErrorListener((error) => { complain(error); return false })
glassEasel.addGlobalWarningListener((message, component) => {
  if (!isHarmless(String(message), component)) complain(`warning: ${message}`)
  return false
})
addEventListener('error', (event) => complain(event.error || event.message))
addEventListener('unhandledrejection', (event) => complain(event.reason))
