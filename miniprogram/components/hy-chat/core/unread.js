'use strict'

/** What a badge says; '' is no badge. */
const badge = (n) => (n > 99 ? '99+' : n > 0 ? String(n) : '')

module.exports = { badge }
