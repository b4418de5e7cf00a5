/** What a place is called: {name, count: a group's members or null}. */
export function titleOf(im, place, t) {
  const { directory } = im
  if (place.groupId === undefined) return { name: directory.nameOf(place.userId, t), count: null }
  const group = directory.group(place.groupId)
  const entry = !group && im.client.conversation(place)?.messages.findLast?.(({ kind, content }) => kind === 'group' && content)
  return { name: group?.name || entry?.content.name || t('name.group'), count: group ? group.memberCount : null }
}
