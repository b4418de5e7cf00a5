'use strict'
// Fills a SQLite database that a server has made, and that none uses now, with a hundred thousand users and what they said, as the
// server itself would have written it.

const { execFileSync } = require('node:child_process')

const USERS = 100_000
const idOf = (n) => `u${String(n).padStart(6, '0')}`

/** Who is in 1,000 groups and has 500 peers. */
const BUSY = idOf(1)
/** Users 1 to 2,000 are in the first group, whose owner is the busy one. */
const GROUP = 'g0001'
const GROUP_MEMBERS = 2_000
const GROUP_MESSAGES = 20_000
const GROUPS = 1_000
const PEERS = 500
/** Every so-manieth user is banned. */
const BANNED_EACH = 5
const AUDITED = 100_000
const FAILED = 2_000
const WORDS = ['早茶', '地铁', '退货', '发票', '天气']

const user = (n) => `printf('u%06d', ${n})`
const word = `CASE n % ${WORDS.length} ${WORDS.map((it, i) => `WHEN ${i} THEN '${it}'`).join(' ')} END`

// Conversations: the groups, then pairs of neighbours, then the busy one's peers. A message's id is its place in time.
const SQL = `
PRAGMA synchronous = OFF;
BEGIN;
CREATE TEMP TABLE n AS WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${USERS}) SELECT n FROM counted;
CREATE TEMP TABLE clock AS SELECT unixepoch() * 1000 - 86400000 AS start;

INSERT INTO profile (user_id, name) SELECT ${user('n')}, '用户 ' || n FROM n WHERE true ON CONFLICT DO NOTHING;

CREATE TEMP TABLE said AS
  SELECT 1 AS c, n AS seq, ${user(`1 + n % ${GROUP_MEMBERS}`)} AS sender, NULL AS target, n FROM n WHERE n <= ${GROUP_MESSAGES}
  UNION ALL SELECT n, 1, ${user('1')}, NULL, n FROM n WHERE n BETWEEN 2 AND ${GROUPS}
  UNION ALL SELECT ${GROUPS} + (n + 1) / 2, 2 - n % 2, ${user('n')}, ${user('n + 1 - 2 * (1 - n % 2)')}, n FROM n
  UNION ALL SELECT ${GROUPS + USERS / 2} + n, 1, ${user('n + 100')}, ${user('1')}, n FROM n WHERE n <= ${PEERS};
INSERT INTO message (id, conversation_id, seq, created_at_ms, sender, target, content)
  SELECT said.rowid, c, seq, start + said.rowid, sender, target, ${word} || '，' || n || ' 号' FROM said, clock ORDER BY said.rowid;
INSERT INTO message_search (rowid, tokens)
  SELECT rowid, printf('%d_%s %d_%s %d_%d %d_号', c, ${word}, c, substr(${word}, 2), c, n, c) FROM said ORDER BY rowid;
INSERT INTO content_check (message_id, state, said_by, at_ms, due_ms)
  SELECT said.rowid, 1, 1, start + said.rowid, start FROM said, clock WHERE c = 1;

INSERT INTO conversation (id, group_id, name, last_seq, member_count, created_at_ms, last_at_ms)
  SELECT c, printf('g%04d', c), '第 ' || c || ' 群', max(seq), iif(c = 1, ${GROUP_MEMBERS}, 5), start, start + max(said.rowid)
  FROM said, clock WHERE c <= ${GROUPS} GROUP BY c;
INSERT INTO conversation (id, user_low, user_high, last_seq, last_at_ms)
  SELECT c, min(sender, target), max(sender, target), max(seq), start + max(said.rowid) FROM said, clock WHERE c > ${GROUPS} GROUP BY c;
INSERT INTO member (user_id, conversation_id, role, joined_seq)
  SELECT ${user('n')}, 1, iif(n = 1, 2, 0), 1 FROM n WHERE n <= ${GROUP_MEMBERS}
  UNION ALL SELECT ${user('1')}, n, 2, 1 FROM n WHERE n BETWEEN 2 AND ${GROUPS}
  UNION ALL SELECT ${user('n')}, 2 + (n - 2) / 4, 0, 1 FROM n WHERE n BETWEEN 2 AND ${(GROUPS - 1) * 4 + 1}
  UNION ALL SELECT user_low, id, 0, 0 FROM conversation WHERE group_id IS NULL
  UNION ALL SELECT user_high, id, 0, 0 FROM conversation WHERE group_id IS NULL;

INSERT INTO ban (user_id, reason, since_ms, until_ms, changed_ms)
  SELECT ${user('n')}, '在群里发广告', start + n, iif(n % 2, 0, start + 864000000), start + n FROM n, clock WHERE n % ${BANNED_EACH} = 0;
INSERT INTO audit (at_ms, who, what, why)
  SELECT start + n, 'ops', 'POST /v1/bans {"userId":"' || ${user('n')} || '"}', '用户投诉' FROM n, clock WHERE n <= ${AUDITED} ORDER BY n;
INSERT INTO webhook_failed (webhook, event_id, at_ms, attempts, why)
  SELECT name, n, start + n, 10, 'answered 422' FROM n, webhook, clock WHERE n <= ${FAILED};
UPDATE webhook SET position = (SELECT max(id) FROM message);
COMMIT;
`

/** @param {string} database the file */
const fillMany = (database) => execFileSync('sqlite3', ['-bail', database], { input: SQL, stdio: ['pipe', 'ignore', 'pipe'] })

module.exports = { fillMany, idOf, USERS, BUSY, GROUP, GROUP_MEMBERS, BANNED_EACH }
