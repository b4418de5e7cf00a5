/** `?a=1&b=2` of what is given; null, undefined and '' are left out. */
export function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== '')
  return given.length ? `?${new URLSearchParams(given)}` : ''
}
