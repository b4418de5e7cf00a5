// Names in a text that is being written.

/** {query}: what was written behind an @ before the caret; null: none was. */
export function mentionAt(textBefore) {
  const found = /(?:^|[^\w@])@([^\s@]{0,32})$/.exec(textBefore)
  return found ? { query: found[1] } : null
}

/** The whole `@name ` that ends at the caret: it goes at one stroke. */
export const mentionBefore = (textBefore, mentions) =>
  mentions.flatMap(({ name }) => [`@${name} `, `@${name}`]).find((whole) => textBefore.endsWith(whole)) || null
