// The chat in which the app was left: after a cold start one is back in it, unless that was long ago.

const { addressOf } = require('./links')

const KEY = 'hongyan:left'
const LEFT_MS = 30 * 60_000
const CHATS = 'pages/chats/chats'
const CHAT = 'pages/chat/chat'

/** The app leaves the screen. Of a chat's own pages the chat is what counts. */
function keepLeft() {
  const chat = getCurrentPages().slice().reverse().find(({ route }) => route === CHAT)
  if (chat) wx.setStorageSync(KEY, { url: addressOf(chat.data.place), at: Date.now() })
  else wx.removeStorageSync(KEY)
}

/**
 * The app starts.
 * @param {string} path what it was opened with: a card leads elsewhere
 * @returns {string} the chat's address; empty: there is none
 */
function takeLeft(path) {
  const { url, at } = wx.getStorageSync(KEY) || {}
  wx.removeStorageSync(KEY)
  return url && path === CHATS && Date.now() - at < LEFT_MS ? url : ''
}

module.exports = { keepLeft, takeLeft }
