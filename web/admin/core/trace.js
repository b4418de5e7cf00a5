// What became of a message, as steps in time.

/** So many sockets, and so many readers, are named at most. */
export const NAMED_MAX = 20

/**
 * @param {object} trace what GET /v1/messages/{id}/trace says
 * @returns {{what: string, at: string|null, node?: string, userId?: string, sessionId?: string|null, verdict?: string}[]} by time; what has
 *   none comes last
 */
export function stepsOf({ accepted, committed, delivered, read, push, moderation }) {
  const steps = [
    { what: 'accepted', at: accepted },
    ...(committed ? [{ what: 'committed', at: committed }] : []),
    ...delivered.each.map(({ queued, ...step }) => ({ what: queued ? 'queued' : 'taken', ...step })),
    ...push.map((step) => ({ what: 'pushed', ...step })),
    ...(moderation ? [{ what: 'checked', ...moderation }] : []),
    ...read.each.map((step) => ({ what: 'read', ...step })),
  ]
  const order = ({ at }) => (at ? Date.parse(at) : Infinity)
  return steps.map((step, i) => [step, i]).sort(([a, i], [b, j]) => (order(a) === order(b) ? i - j : order(a) - order(b))).map(([step]) => step)
}
