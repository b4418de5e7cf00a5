// How much something takes, in words. Pure.

const KILO = 1024

/** 12 KB, 3.4 MB */
const sizeText = (bytes) => (bytes < KILO * KILO ? `${Math.ceil(bytes / KILO)} KB` : `${(bytes / KILO / KILO).toFixed(1)} MB`)

module.exports = { sizeText, KILO }
