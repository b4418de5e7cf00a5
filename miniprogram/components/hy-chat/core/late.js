'use strict'
// When grey rows have stood for what is not there yet so long that it is said in words, with a way to try again.

const LATE_MS = 5_000
/** With a connection it is on its way, and the client itself says after so long that it does not come. */
const LATE_ONLINE_MS = 10_000

/** When something is to be drawn anew. */
const LATE_TIMES = [LATE_MS, LATE_ONLINE_MS]

/** @param {number} since when it began @param {boolean} isOnline the client is @param {number} now by the same clock */
const isLate = (since, isOnline, now) => now - since >= (isOnline ? LATE_ONLINE_MS : LATE_MS)

module.exports = { isLate, LATE_TIMES }
