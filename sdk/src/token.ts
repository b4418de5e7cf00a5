const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Whose token (JWT) it is, as it says; undefined: it cannot be read. Only to find what is kept of them: the server decides. */
export function userOf(token: string): string | undefined {
  let bits = 0
  let count = 0
  let text = ''
  for (const digit of token.split('.')[1] ?? '') {
    bits = ((bits << 6) | digits.indexOf(digit)) & 0xffff
    if ((count += 6) >= 8) text += String.fromCharCode((bits >> (count -= 8)) & 0xff)
  }
  try {
    const { sub } = JSON.parse(text)
    return typeof sub === 'string' ? sub : undefined
  } catch {
    return undefined
  }
}
