// Who is in a group.

const { byInitial } = require('./initials')
const { personOf } = require('./contacts')

const PAGE = 500
const RANKS = { owner: 0, admin: 1, member: 2 }

/** @returns {Promise<{userId: string, role: 'owner'|'admin'|'member'}[]>} all of them, owner and admins first */
async function membersOf(client, groupId) {
  const all = []
  let cursor = null
  do {
    const page = await client.call('group.members', { groupId, limit: PAGE, ...(cursor && { cursor }) })
    all.push(...page.members)
    cursor = page.cursor
  } while (cursor)
  return all.sort((a, b) => RANKS[a.role] - RANKS[b.role])
}

/** One's own role among members; null: one is not in it. */
const roleIn = (members, userId) => (members.find((member) => member.userId === userId) || { role: null }).role

/** Whether `mine` may take somebody of the role `role` out. */
const canRemove = (mine, role) => (mine === 'owner' ? role !== 'owner' : mine === 'admin' && role === 'member')

/** Members as pages show them: owner and admins, then by initial. */
function sorted(members, im, t) {
  const people = members.map(({ userId, role }) => ({ ...personOf(userId, { directory: im.directory, t }), role }))
  const leads = people.filter(({ role }) => role !== 'member')
  return [...leads, ...byInitial(people.filter(({ role }) => role === 'member')).flatMap(({ people: some }) => some)]
}

/** Those of `userIds` who are not in the group: they have blocked whoever added them. */
async function missingIn(client, groupId, userIds) {
  const members = await membersOf(client, groupId)
  return userIds.filter((userId) => !members.some((member) => member.userId === userId))
}

module.exports = { membersOf, roleIn, canRemove, sorted, missingIn }
