// What a list says of a message.

const TEXT_MAX = 160

/** {kind, text}: the words of a text; of others what is in them. `text` is null when it was taken back. */
export function previewOf({ kind, content, recalled }) {
  if (recalled || content === null || content === undefined) return { kind, text: null }
  const text = typeof content === 'string' ? content : wordsOf(content)
  const letters = Array.from(text)
  return { kind, text: letters.length > TEXT_MAX ? `${letters.slice(0, TEXT_MAX).join('')}…` : text }
}

const wordsOf = (content) => (typeof content.name === 'string' && content.name) || JSON.stringify(content)

/** {userId} or {groupId} as {section, id}, the place's own page. */
export const pageOf = (place) => (place.groupId === undefined ? { section: 'users', id: place.userId } : { section: 'groups', id: place.groupId })
