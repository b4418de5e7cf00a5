// Made by types.mjs from docs/asyncapi.json; do not edit.

/**
 * Decimal digits
 */
export type ConversationId = string
/**
 * A direct conversation, by the other user, or a group
 */
export type Place = UserPlace | GroupPlace
/**
 * 1 to 64 characters, no registration needed
 */
export type UserId = string
/**
 * At most 1 KiB of JSON, stored untouched. preview: {fileId} is a picture of at most 32 KiB, which whoever sees the message may see; reply: {seq} says what it answers; mentions: [userIds], or "all", says whom it calls
 */
export type Ext = {
  [k: string]: unknown
} | null
export type Send = Send1 & Send2
export type Send1 =
  | {
      kind?: 'text' | null
      content?: TextContent
    }
  | {
      kind: 'image'
      content?: ImageContent
    }
  | {
      kind: 'voice'
      content?: VoiceContent
    }
  | {
      kind: 'video'
      content?: VideoContent
    }
  | {
      kind: 'file'
      content?: FileContent
    }
  | {
      kind: 'location'
      content?: LocationContent
    }
  | {
      kind: 'custom'
      content?: CustomContent
    }
export type TextContent = string
/**
 * One of userId and groupId
 */
export type GivenPlace = GivenUserPlace | GivenGroupPlace
/**
 * A user or group id as a client may give it: a decimal integer may also come as a number
 */
export type GivenId = string | number
/**
 * Makes a send safe to repeat: the same sender and clientMsgId is one message
 */
export type ClientMsgId = string
/**
 * Absent or null: text
 */
export type Kind = 'text' | 'image' | 'voice' | 'video' | 'file' | 'location' | 'custom' | null
/**
 * A page may hold fewer: the contents in one answer come to at most 256 KiB. Absent: 50
 */
export type Limit = number | null
/**
 * Of the page before; absent or null: the first page
 */
export type Cursor = string | null
/**
 * 1 to 32 bytes of emoji, with ZWJ, VS16, skin tones, flags, keycaps
 */
export type Emoji = string
export type WatchedIds = GivenId[]
export type AskedIds = GivenId[]
export type Name = string
/**
 * Any text. A fileId: a picture that the user may see, and that everybody may while it is an avatar
 */
export type Avatar = string
export type UserIds100 = GivenId[]
/**
 * What who joins may read
 */
export type GroupHistory = 'joined' | 'all'
export type GroupRole = 'member' | 'admin' | 'owner'
export type UserIds2000 = GivenId[]
/**
 * An answer repeats it; a request without it is not answered
 */
export type RpcId = string | number | null

/**
 * Of each method what it wants and what it answers
 */
export interface Methods {
  /**
   * A whole resume: all after each position; a conversation without a position comes with its newest `recent` messages
   */
  sync: {
    params: {
      /**
       * The client's; absent the first time
       */
      epoch?: string | null
      /**
       * The newest few messages by id that the client holds, however they came
       */
      last?:
        | {
            conversationId: ConversationId
            seq: number
            id: number
            createTime: string
          }[]
        | null
      /**
       * Of each conversation the last seq that one has
       */
      positions?: {
        [k: string]: number
      } | null
      /**
       * Messages over all conversations; absent: 200
       */
      limit?: number | null
      /**
       * Absent: 20
       */
      recent?: number | null
    }
    result: Synced
  }
  /**
   * A new token for a session that lives on; the same user's only
   */
  'session.refresh': {
    params: {
      token: string
    }
    result: {
      /**
       * RFC 3339, UTC, milliseconds: when the session ends now
       */
      expiresAt: string
    }
  }
  /**
   * The heartbeat, every heartbeatSeconds; it shows what was missed
   */
  ping: {
    params: {}
    result: Pong
  }
  /**
   * Sends; the result means that it is durable
   */
  'message.send': {
    params: Send
    result: Sent
  }
  /**
   * A page of a conversation
   */
  'message.history': {
    params: {
      in: GivenPlace
      /**
       * Exclusive; not with afterSeq
       */
      beforeSeq?: number | null
      /**
       * Exclusive
       */
      afterSeq?: number | null
      limit?: Limit
    }
    result: History
  }
  /**
   * Single messages, as they are now: those that are there and one's own to read
   */
  'message.get': {
    params: {
      in: GivenPlace
      /**
       * In any order; those that are not there are left out
       */
      seqs: number[]
    }
    result: Messages
  }
  /**
   * Searches texts of one's own conversations, newest first
   */
  'message.search': {
    params: {
      /**
       * Words, by their beginnings and in either case; Chinese, Japanese and Korean by the characters
       */
      query: string
      in?: GivenPlace | null
      cursor?: Cursor
      limit?: Limit
    }
    result: Found
  }
  /**
   * Takes an own message back, within recall.window; of a group, its owner and admins any
   */
  'message.recall': {
    params: {
      in: GivenPlace
      seq: number
    }
    result: Empty
  }
  /**
   * Gives an own text another content, within edit.window
   */
  'message.edit': {
    params: {
      in: GivenPlace
      seq: number
      content: TextContent
    }
    result: OneMessage
  }
  /**
   * Puts an emoji on a message, or takes it away
   */
  'message.react': {
    params: {
      in: GivenPlace
      seq: number
      emoji: Emoji
      /**
       * true: it is there; false: no more
       */
      on: boolean
    }
    result: Empty
  }
  /**
   * Pinned first, then newest first
   */
  'conversation.list': {
    params: {
      cursor?: Cursor
      limit?: Limit
    }
    result: Conversations
  }
  /**
   * Read up to seq
   */
  'conversation.read': {
    params: {
      in: GivenPlace
      /**
       * Beyond the last counts as the last; a lower one than before changes nothing
       */
      seq: number
    }
    result: Empty
  }
  /**
   * Shows the others there that one types
   */
  'conversation.typing': {
    params: {
      in: GivenPlace
    }
    result: Empty
  }
  /**
   * Pins or mutes, for oneself
   */
  'conversation.set': {
    params: (
      | {
          pinned: boolean
        }
      | {
          muted: boolean
        }
    ) & {
      in: GivenPlace
      pinned?: boolean | null
      muted?: boolean | null
    }
    result: Empty
  }
  /**
   * Hides all up to now, for oneself; the next message brings it back
   */
  'conversation.clear': {
    params: {
      in: GivenPlace
    }
    result: Empty
  }
  /**
   * Who of these is online, and then `presence` at each change; at most 200 a session
   */
  'presence.watch': {
    params: {
      userIds: WatchedIds
    }
    result: Online
  }
  /**
   * Ends that
   */
  'presence.unwatch': {
    params: {
      userIds: WatchedIds
    }
    result: Empty
  }
  /**
   * Names and avatars, one for each asked
   */
  'user.get': {
    params: {
      userIds: AskedIds
    }
    result: Profiles
  }
  /**
   * Sets one's own
   */
  'user.update': {
    params: {
      [k: string]: unknown
    } & {
      name?: Name
      avatar?: Avatar
    }
    result: Empty
  }
  /**
   * Takes no direct messages from these
   */
  'block.add': {
    params: {
      userIds: UserIds100
    }
    result: Empty
  }
  /**
   * Ends that
   */
  'block.remove': {
    params: {
      userIds: UserIds100
    }
    result: Empty
  }
  /**
   * Whom one has blocked
   */
  'block.list': {
    params: {}
    result: Blocked
  }
  /**
   * Says that the user has accepted subscribe messages of WeChat
   */
  'push.grant': {
    params: {
      templateId: string
      count: number
    }
    result: Empty
  }
  /**
   * How many subscribe messages the user lets be sent
   */
  'push.status': {
    params: {}
    result: Grants
  }
  /**
   * Makes a group; the caller owns it
   */
  'group.create': {
    params: {
      name: Name
      members?: GivenId[] | null
      groupId?: GivenId | null
      /**
       * Absent: joined
       */
      history?: GroupHistory | null
    }
    result: OneGroup
  }
  /**
   * One group
   */
  'group.get': {
    params: {
      groupId: GivenId
    }
    result: OneGroup
  }
  /**
   * One's own groups
   */
  'group.list': {
    params: {
      cursor?: Cursor
      limit?: Limit
    }
    result: Groups
  }
  /**
   * Who is in it
   */
  'group.members': {
    params: {
      groupId: GivenId
      cursor?: Cursor
      limit?: Limit
    }
    result: Members
  }
  /**
   * Owner and admins
   */
  'group.update': {
    params: (
      | {
          name: string
        }
      | {
          muted: boolean
        }
      | {
          history: string
        }
    ) & {
      groupId: GivenId
      name?: Name | null
      muted?: boolean | null
      history?: GroupHistory | null
    }
    result: OneGroup
  }
  /**
   * Owner and admins
   */
  'group.add': {
    params: {
      groupId: GivenId
      userIds: UserIds2000
    }
    result: OneGroup
  }
  /**
   * Owner; admins, except owner and admins
   */
  'group.remove': {
    params: {
      groupId: GivenId
      userIds: UserIds2000
    }
    /**
     * Of oneself alone it is empty, as of group.leave
     */
    result: OneGroup | Empty
  }
  /**
   * Owner; `owner` hands the group over
   */
  'group.role': {
    params: {
      groupId: GivenId
      userId: GivenId
      role: GroupRole
    }
    result: OneGroup
  }
  /**
   * Not for the owner
   */
  'group.leave': {
    params: {
      groupId: GivenId
    }
    result: Empty
  }
  /**
   * Owner
   */
  'group.dismiss': {
    params: {
      groupId: GivenId
    }
    result: Empty
  }
}
export interface Synced {
  epoch: string
  /**
   * The client's epoch is another store's: its positions are void
   */
  reset: boolean
  /**
   * Newest active first
   */
  conversations: SyncedConversation[]
  /**
   * Of the positions: left, dismissed, cleared, or never the user's
   */
  gone: ConversationId[]
  /**
   * Ask again with the new positions
   */
  hasMore: boolean
}
export interface SyncedConversation {
  conversationId: ConversationId
  place: Place
  /**
   * Of the newest entry
   */
  lastSeq: number
  /**
   * Read up to here by oneself
   */
  readSeq: number
  /**
   * Read up to here by the other one; null in a group
   */
  peerReadSeq: number | null
  /**
   * Others' messages after readSeq, without recalled ones and the log's own entries; 999 stands for more
   */
  unread: number
  pinned: boolean
  /**
   * By oneself
   */
  muted: boolean
  /**
   * The lowest unread message that mentions oneself; null: none
   */
  mentionSeq: number | null
  /**
   * The lowest that there is for one to read: what is below is hidden, or older than the server keeps
   */
  firstSeq: number
  /**
   * Of the newest `recent` messages those with reactions, whether or not they come; by seq, ascending
   */
  changed: Reacted[]
  /**
   * By seq, ascending
   */
  messages: Message[]
  /**
   * The new position is the seq of the last message; otherwise it is lastSeq
   */
  hasMore: boolean
}
export interface UserPlace {
  userId: UserId
}
export interface GroupPlace {
  groupId: UserId
}
export interface Reacted {
  /**
   * Of the message
   */
  seq: number
  /**
   * All that it has, in the order in which each emoji first came
   */
  reactions: Reaction[]
}
export interface Reaction {
  /**
   * At most 32 bytes
   */
  emoji: string
  /**
   * How many users
   */
  count: number
  /**
   * Oneself is one of them
   */
  mine: boolean
}
export interface Entry {
  /**
   * Over the whole server, ascending within a conversation
   */
  id: number
  conversationId: ConversationId
  /**
   * 1, 2, 3 … in its conversation, without holes
   */
  seq: number
  from: UserId
  to: Place
  ext: Ext
  clientMsgId: string | null
  /**
   * RFC 3339, UTC, milliseconds
   */
  createTime: string
  /**
   * Then content and ext are null
   */
  recalled: boolean
  /**
   * Its sender has changed it. Absent: nobody has
   */
  edited?: true
  /**
   * There is more to come. Absent: it is whole
   */
  streaming?: true
  /**
   * Absent where there are none
   */
  reactions?: Reaction[]
}
export interface Pong {
  /**
   * RFC 3339, UTC, milliseconds
   */
  serverTime: string
  /**
   * Last seqs of the conversations in which something came since the session's last ping
   */
  positions: {
    [k: string]: number
  }
}
/**
 * As it is sent; it comes so where the server keeps no files, and from before it did. Otherwise fileId is enough, and the rest is ignored. At most 8 KiB of JSON, as all objects
 */
export interface ImageContent {
  fileId: string
  width?: number | null
  height?: number | null
  /**
   * Bytes
   */
  size?: number | null
  [k: string]: unknown
}
/**
 * As ImageContent, but seconds counts
 */
export interface VoiceContent {
  fileId: string
  seconds?: number | null
  /**
   * Bytes
   */
  size?: number | null
  [k: string]: unknown
}
/**
 * As ImageContent, but seconds counts
 */
export interface VideoContent {
  fileId: string
  seconds?: number | null
  width?: number | null
  height?: number | null
  /**
   * Bytes
   */
  size?: number | null
  [k: string]: unknown
}
/**
 * As ImageContent
 */
export interface FileContent {
  fileId: string
  name?: string | null
  /**
   * Bytes
   */
  size?: number | null
  [k: string]: unknown
}
export interface LocationContent {
  latitude: number
  longitude: number
  name?: string | null
  address?: string | null
  [k: string]: unknown
}
/**
 * Any object
 */
export interface CustomContent {
  [k: string]: unknown
}
export interface Send2 {
  to: GivenPlace
  clientMsgId: ClientMsgId
  kind?: Kind
  /**
   * By kind
   */
  content: {
    [k: string]: unknown
  }
  ext?: Ext
}
export interface GivenUserPlace {
  userId: GivenId
}
export interface GivenGroupPlace {
  groupId: GivenId
}
export interface Sent {
  message: Message
  /**
   * It was stored before, and this is it as it is now
   */
  duplicate: boolean
}
export interface History {
  /**
   * By seq, ascending
   */
  messages: Message[]
  /**
   * In the direction asked for
   */
  hasMore: boolean
}
export interface Messages {
  /**
   * By seq, ascending
   */
  messages: Message[]
}
export interface Found {
  /**
   * Newest first
   */
  messages: Message[]
  /**
   * Pass it on for the next page; null at the end
   */
  cursor: string | null
}
export interface Empty {}
export interface OneMessage {
  message: Message
}
export interface Conversations {
  conversations: Conversation[]
  /**
   * Pass it on for the next page; null at the end
   */
  cursor: string | null
}
export interface Conversation {
  conversationId: ConversationId
  place: Place
  /**
   * Of the newest entry
   */
  lastSeq: number
  /**
   * Read up to here by oneself
   */
  readSeq: number
  /**
   * Read up to here by the other one; null in a group
   */
  peerReadSeq: number | null
  /**
   * Others' messages after readSeq, without recalled ones and the log's own entries; 999 stands for more
   */
  unread: number
  /**
   * The lowest entry among these that mentions oneself
   */
  mentionSeq: number | null
  pinned: boolean
  /**
   * By oneself
   */
  muted: boolean
  lastMessage: Message | null
}
export interface Online {
  online: UserId[]
}
export interface Profiles {
  users: Profile[]
}
export interface Profile {
  userId: UserId
  name: string | null
  avatar: string | null
}
export interface Blocked {
  userIds: UserId[]
}
export interface Grants {
  /**
   * By template of WeChat's; each that the server has, with 0 too.
   */
  grants: {
    [k: string]: number
  }
}
export interface OneGroup {
  group: Group
}
export interface Group {
  groupId: UserId
  name: string
  owner: UserId
  memberCount: number
  /**
   * Only owner and admins may send
   */
  muted: boolean
  history: GroupHistory
  /**
   * RFC 3339, UTC, milliseconds
   */
  createTime: string
}
export interface Groups {
  groups: Group[]
  /**
   * Pass it on for the next page; null at the end
   */
  cursor: string | null
}
export interface Members {
  /**
   * By user id, ascending
   */
  members: Member[]
  /**
   * Pass it on for the next page; null at the end
   */
  cursor: string | null
}
export interface Member {
  userId: UserId
  role: GroupRole
  /**
   * Of the entry that took them in
   */
  joinedSeq: number
}
/**
 * What the server says of itself
 */
export interface Notifications {
  /**
   * The first message from the server; keep epoch and heartbeatSeconds
   */
  session: {
    userId: UserId
    sessionId: string
    node: string
    /**
     * Changes when a store was restored or replaced
     */
    epoch: string
    /**
     * Ping so often; after 2.5 times as long without a message the session is closed with 4010
     */
    heartbeatSeconds: number
    /**
     * RFC 3339, UTC, milliseconds
     */
    serverTime: string
    limits: {
      contentChars: number
      objectBytes: number
      extBytes: number
      messageBytes: number
      jsonDepth: number
      nameChars: number
      groupMembers: number
      sendsInFlight: number
      historyLimit: number
      syncLimit: number
      watchedUsers: number
      userIds: number
      blocks: number
      groupsOwned: number
      recallSeconds: number
      /**
       * 0: there are no edits
       */
      editSeconds: number
      /**
       * Of one file; 0: the server keeps none
       */
      fileBytes: number
      /**
       * What may be uploaded: TYPE/SUBTYPE, TYPE/*, or * /* for everything; empty where the server keeps no files
       */
      fileTypes: string[]
    }
    /**
     * When the token ends, and the session with it, unless session.refresh brings another; null under --auth none
     */
    expiresAt: string | null
  }
  /**
   * A new entry of a conversation, to every session of everyone in it; in seq order, each once
   */
  message: {
    message: Message
  }
  /**
   * Several `message` in one, to a session with many=true; each conversation's in seq order
   */
  messages: {
    messages: Message[]
  }
  /**
   * Somebody has reacted to a message, or does so no more: to every session of everyone in the conversation; over 20 a second some are left out
   */
  reaction: {
    conversationId: ConversationId
    /**
     * Of the message; this has none of its own
     */
    seq: number
    userId: UserId
    emoji: Emoji
    /**
     * true: it is there; false: no more
     */
    on: boolean
  }
  /**
   * A message that streams has grown: to every session of everyone in the conversation; not kept
   */
  stream: {
    conversationId: ConversationId
    /**
     * Of the message; this has none of its own
     */
    seq: number
    /**
     * Where delta begins, in Unicode characters; it replaces all from there on. 0 every 2 s: the whole text
     */
    offset: number
    delta: TextContent
  }
  /**
   * To the reader's other sessions and, in a direct conversation, to the peer
   */
  read: {
    conversationId: ConversationId
    userId: UserId
    seq: number
  }
  /**
   * Somebody types; not kept
   */
  typing: {
    conversationId: ConversationId
    userId: UserId
  }
  /**
   * Somebody who is watched came or went
   */
  presence: {
    userId: UserId
    online: boolean
  }
  /**
   * Comes before a close with 1001, 4001, 4003, 4009 or 4010, and with 4029 where requests were refused
   */
  closing: {
    code: 1001 | 4001 | 4003 | 4009 | 4010 | 4029
    reason: string
    /**
     * null: do not come back by yourself; 0 with 4001: come back with a new token
     */
    reconnectAfterMs: number | null
  }
  /**
   * Own settings, after conversation.set and .clear, to the user's other sessions
   */
  conversation: {
    conversationId: ConversationId
    pinned: boolean
    muted: boolean
    /**
     * Entries up to here are hidden from oneself; 0: none
     */
    clearedSeq: number
    readSeq: number
  }
  /**
   * One's own profile changed: to one's other sessions, or to all when a back end changed it
   */
  profile: {
    userId: UserId
    name: string | null
    avatar: string | null
  }
}
/**
 * What the server says of a file that it keeps, by its own row: the content of an image, a voice, a video or a file as it comes
 */
export interface StoredFile {
  /**
   * GET /v1/files/{id} has the bytes
   */
  fileId: string
  /**
   * At most 255 bytes, without a path
   */
  name: string
  /**
   * By the first bytes
   */
  mime: string
  /**
   * Bytes
   */
  size: number
  /**
   * Of JPEG, PNG, GIF and WebP
   */
  width: number | null
  /**
   * Likewise
   */
  height: number | null
  /**
   * Of a voice or a video, where who sent it has said so
   */
  seconds: number | null
}
/**
 * The log's own
 */
export interface RecallContent {
  /**
   * Of the message that was taken back
   */
  seq: number
  /**
   * When it was not its sender; null: the back end
   */
  by?: UserId | null
}
/**
 * The log's own
 */
export interface EditContent {
  /**
   * Of the message that was changed
   */
  seq: number
  /**
   * What it says now; null once it was recalled
   */
  content: string | null
}
/**
 * The log's own: who did what to whom
 */
export interface GroupContent {
  action: 'create' | 'update' | 'add' | 'remove' | 'role' | 'leave' | 'dismiss'
  by: UserId
  userIds: UserId[]
  /**
   * The group's name afterwards
   */
  name: string
  /**
   * When it changed
   */
  muted?: boolean
  history?: GroupHistory
  role?: GroupRole
}

/** An entry of a conversation's log. Recalled: its content is null. */
export type Message =
  | (Entry & { kind: 'text'; content: TextContent | null })
  | (Entry & { kind: 'image'; content: StoredFile | ImageContent | null })
  | (Entry & { kind: 'voice'; content: StoredFile | VoiceContent | null })
  | (Entry & { kind: 'video'; content: StoredFile | VideoContent | null })
  | (Entry & { kind: 'file'; content: StoredFile | FileContent | null })
  | (Entry & { kind: 'location'; content: LocationContent | null })
  | (Entry & { kind: 'custom'; content: CustomContent | null })
  | (Entry & { kind: 'recall'; content: RecallContent | null })
  | (Entry & { kind: 'group'; content: GroupContent | null })
  | (Entry & { kind: 'edit'; content: EditContent | null })
  | (Entry & { kind: 'unknown'; content: unknown })
