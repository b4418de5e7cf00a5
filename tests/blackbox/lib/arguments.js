// What the programs beside the tests (faults.js, powerloss.mjs) take on their command lines.

// A whole number from `least`, or the end of the program with a sentence.
export function number(text, name, least) {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text)
  console.error(`--${name}: '${text}' is not accepted; accepted: a whole number from ${least}`)
  process.exit(2)
}
