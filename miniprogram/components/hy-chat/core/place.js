'use strict'
// Where one talks: {userId} is the direct conversation with that user, {groupId} a group.

/** A place as one text, as the client library has it. */
const keyOf = (place) => (place.groupId !== undefined ? `g:${place.groupId}` : `u:${place.userId}`)

/** Whether two places are one; no place is no other. */
const samePlace = (a, b) => Boolean(a && b) && keyOf(a) === keyOf(b)

/** The place that a page's query names, or null. WeChat hands over values as they stand in the address. */
function placeOf(query) {
  const { userId, groupId } = query || {}
  if (groupId) return { groupId: decoded(groupId) }
  return userId ? { userId: decoded(userId) } : null
}

function decoded(value) {
  try {
    return decodeURIComponent(value)
  } catch (error) { // it was no encoding
    return String(value)
  }
}

module.exports = { keyOf, samePlace, placeOf }
