// From one page to another: chats, people, and what a QR code says.

/** What our QR codes say: `hongyan:u/ID`. */
const CODE = /^hongyan:u\/([A-Za-z0-9_\-.:@]{1,64})$/
const codeOf = (userId) => `hongyan:u/${userId}`

const query = ({ userId, groupId }) => (groupId === undefined ? `userId=${encodeURIComponent(userId)}` : `groupId=${encodeURIComponent(groupId)}`)

const addressOf = (place) => `/pages/chat/chat?${query(place)}`

/** Opens a chat, at a message where `seq` says so. */
function openPlace(place, seq) {
  wx.navigateTo({ url: `${addressOf(place)}${seq ? `&seq=${seq}` : ''}` })
}

/** A chat from which one goes back to the list, not to the pages that made it. */
function openFresh(place) {
  wx.reLaunch({ url: '/pages/chats/chats', success: () => openPlace(place) })
}

/** Opens a page that is about a place, such as 'info'. */
const openAbout = (page, place, more = '') => wx.navigateTo({ url: `/more/${page}/${page}?${query(place)}${more}` })

const openProfile = (userId) => openAbout('profile', { userId })

/** Scans a code, and opens the profile of whom it shows. */
function addressOfScan(page) {
  wx.scanCode({
    scanType: ['qrCode'],
    success({ result }) {
      const [, userId] = CODE.exec(result) || []
      if (userId) openProfile(userId)
      else page.say(page.t('add.notOurs'))
    },
    fail({ errMsg }) {
      if (/auth|denied|permission/i.test(errMsg)) page.say(page.t('add.denied'))
    },
  })
}

/** Lets choose the chats that messages ({kind, content, ext}) are sent to once more. */
function openForward(messages) {
  wx.navigateTo({ url: '/more/forward/forward', success: ({ eventChannel }) => eventChannel.emit('messages', messages) })
}

module.exports = { addressOf, openPlace, openFresh, openAbout, openProfile, openForward, addressOfScan, codeOf }
