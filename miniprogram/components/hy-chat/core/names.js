'use strict'

/** What somebody is called whose name is not known: never the id. */
const fallbackName = (userId, t) => t('name.unknown', { id: String(userId).slice(-4) })

module.exports = { fallbackName }
