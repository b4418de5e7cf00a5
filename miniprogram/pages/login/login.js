// Who one is: by WeChat's login, which is seen only when it takes its time or fails; in the demo whoever one says.

const { definePage } = require('../../services/page')
const { colorOf, initials } = require('../../components/hy-chat/core/avatar')
const brand = require('../../brand')
const config = require('../../config')

const DEMO_PEOPLE = ['1', '2', '3', '4']
/** As the server has it. */
const USER_ID = /^[A-Za-z0-9_\-.:@]{1,64}$/
/** It is tried again so long after a failure, and then by the button. */
const TRIES_MS = [1000, 3000, 9000]

definePage('login', {
  isForAll: true,
  isTitled: true,

  data: { isDemo: config.login === 'demo', brand: {}, people: [], id: '', problem: '', isWorking: false },

  onLoad() {
    wx.hideHomeButton({ fail: () => {} })
    this.tries = 0
    this.off = this.im.onView(() => this.follow())
    this.follow()
  },

  onUnload() {
    this.off()
    clearTimeout(this.timer)
  },

  dressed() {
    const { lang } = this.look
    const people = DEMO_PEOPLE.map((userId) => {
      const name = this.t(`login.person${userId}`)
      return { userId, name, initials: initials(name), color: colorOf(userId) }
    })
    this.setData({ brand: { name: brand.name[lang], welcome: brand.welcome[lang], logo: brand.logo }, people })
    this.follow()
  },

  // ---- WeChat ----

  /** What the login is at: it is the client that asks for it. */
  follow() {
    const { im } = this
    if (this.data.isDemo) return
    const { problem } = im.login
    const isOver = im.state === 'unauthorized'
    const words = problem || (isOver && im.isExpired ? 'expired' : '')
    const isWorking = !isOver && (im.state === 'connecting' || (!problem && im.state === 'waiting'))
    const text = words === 'expired' ? this.t('closed.unauthorized') : words && this.t(`login.${words}`)
    this.setData({ problem: isWorking ? '' : text, isWorking })
    if (problem === 'failed' && im.state === 'waiting') this.tryAgainLater()
  },

  tryAgainLater() {
    const ms = TRIES_MS[this.tries]
    if (ms === undefined || this.timer) return
    this.tries++
    this.timer = setTimeout(() => {
      this.timer = null
      this.im.connect()
    }, ms)
  },

  logIn() { this.im.connect() },

  // ---- demo ----

  choose({ currentTarget }) {
    const { id, name } = currentTarget.dataset
    this.im.enter(id, name)
  },

  typed({ detail }) { this.setData({ id: detail.value.trim() }) },

  enter() {
    const { id } = this.data
    if (USER_ID.test(id)) this.im.enter(id)
    else this.say(this.t('common.badId'))
  },
})
