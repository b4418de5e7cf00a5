-- A block makes no conversation any more: those that it made, and nobody ever said a word in, go.
DELETE FROM member m USING conversation c
  WHERE c.id = m.conversation_id AND c.group_id IS NULL AND c.last_seq = 0;
DELETE FROM conversation WHERE group_id IS NULL AND last_seq = 0;

-- Whose groups: counted when they make another.
CREATE INDEX member_owned ON member (user_id) WHERE role = 2;
