// The two users of the bench: one to start with, one to keep messages of.

/** How many conversations each has, and messages in each of them. */
export const users = { many: { conversations: 50, each: 20 }, large: { conversations: 20, each: 500 } }

/** Their conversations as channels of Centrifugo. */
export const channelsOf = (me) => Array.from({ length: users[me].conversations }, (_, i) => `${me}-${i}`)

/** The text of a message. */
export const text = (n) => `message ${n} of an ordinary length, as people write them`
