// Page() with what all pages of the app share: its look, its texts, the client, questions, and words where something cannot be done.

const { isGone, refusalText } = require('../components/hy-chat/core/errors')

/** Grey rows are shown when nothing came for so long. */
const BONES_MS = 200

/** Says something for two seconds. */
const say = (title) => wx.showToast({ title, icon: 'none', duration: 2000 })

/** A value of a page's query; WeChat hands it over as it stands in the address. */
const decoded = (value) => decodeURIComponent(value || '')

const shared = {
  /** Whether the server can be asked now; says so when not. */
  isOnline() {
    const { isConnected } = this.im
    if (!isConnected) say(this.t('common.offline'))
    return isConnected
  },

  /** Does what needs the server. Answers whether it was done; says why when not. */
  async attempt(act) {
    if (!this.isOnline()) return false
    try {
      await act()
      return true
    } catch (error) {
      say(refusalText(error, this.t))
      return false
    }
  },

  /** As attempt(), while data `isBusy` shows a ring in the button's place and lets no second tap through. */
  async work(act) {
    if (this.data.isBusy) return false
    this.setData({ isBusy: true })
    try {
      return await this.attempt(act)
    } finally {
      this.setData({ isBusy: false })
    }
  },

  /** Reads what the page shows: grey rows after a while, words where it fails, others where the group is not there. `act` sets the data. */
  async read(act) {
    const timer = setTimeout(() => this.setData({ hasBones: true }), BONES_MS)
    this.setData({ hasFailed: false })
    try {
      await act()
      this.setData({ isGone: false })
    } catch (error) {
      this.setData(isGone(error) ? { isGone: true } : { hasFailed: true })
    } finally {
      clearTimeout(timer)
      this.setData({ hasBones: false })
    }
  },

  say,

  /**
   * Asks in a dialog (templates/overlays.wxml).
   * @param {{title: string, text?: string, confirm: string, danger?: boolean}} question
   * @returns {Promise<boolean>}
   */
  ask(question) {
    this.setData({ dialog: { text: '', danger: false, cancel: this.t('common.cancel'), ...question, show: true } })
    return new Promise((resolve) => { this.answer = resolve })
  },

  /**
   * Lets choose in a sheet (templates/overlays.wxml).
   * @param {{title?: string, items: {key: string, text: string, danger?: boolean}[]}} choice
   * @returns {Promise<string|null>} the key
   */
  choose(choice) {
    this.setData({ sheet: { title: '', cancel: this.t('common.cancel'), ...choice, show: true } })
    return new Promise((resolve) => { this.choice = resolve })
  },

  onDialogConfirm() { this.closeDialog(true) },
  onDialogCancel() { this.closeDialog(false) },
  closeDialog(isConfirmed) {
    this.setData({ 'dialog.show': false })
    this.answer(isConfirmed)
  },
  onSheetPick({ detail }) { this.closeSheet(detail.key) },
  onSheetCancel() { this.closeSheet(null) },
  closeSheet(key) {
    this.setData({ 'sheet.show': false })
    this.choice(key)
  },

  /** WeChat gives a title to the page in front; one behind it has its own when it comes back. */
  entitle(title) {
    this.title = title
    if (this.isInFront) wx.setNavigationBarTitle({ title })
  },

  dress() {
    const { look } = this
    this.t = look.t
    const s = look.texts('common', this.texts)
    this.setData({ look: look.data, s })
    if (s.title && !this.isTitled) this.entitle(s.title)
    this.dressBars()
    if (this.dressed && this.isReady) this.dressed()
  },

  dressBars() {
    if (!this.isInFront) return
    this.look.dressBar()
    if (this.hasTabs) this.look.dressTabs()
  },
}

const addressOf = (route, query) => {
  const values = Object.keys(query).map((key) => `${key}=${query[key]}`)
  return `/${route}${values.length ? `?${values.join('&')}` : ''}`
}

/**
 * @param {string} texts the name that the keys of the page's texts begin with: data `s` has them, and those of `common`
 * @param {object} definition as Page() takes it; `dressed()` is called when look or language changed. The page has `this.im`,
 *   `this.look`, `this.t`. With `isTitled` it gives itself a title, by `entitle`. With `hasTabs` the
 *   tab bar is below it. With `isForAll` it is shown before anybody is known;
 *   others are not begun then, and opened anew when somebody has logged in.
 */
function definePage(texts, definition) {
  const { data, onLoad, onShow, onHide, onReady, onUnload, isForAll } = definition
  Page({
    ...shared,
    ...definition,
    texts,
    data: { look: {}, s: {}, dialog: { show: false }, sheet: { show: false, items: [] }, isBusy: false, hasBones: false, hasFailed: false, isGone: false, ...data },
    onLoad(query) {
      const { im, look } = getApp()
      this.im = im
      this.look = look
      this.isInFront = true
      this.offLook = look.onChange(() => this.dress())
      this.dress()
      if (!isForAll && !im.client) return im.askFirst(addressOf(this.route, query))
      this.isReady = true
      if (onLoad) onLoad.call(this, query)
      if (this.dressed) this.dressed()
      return undefined
    },
    onShow() {
      if (!this.isInFront) {
        this.isInFront = true
        if (this.title) this.entitle(this.title)
        this.dressBars()
      }
      if (this.isReady && onShow) onShow.call(this)
    },
    onHide() {
      this.isInFront = false
      if (this.isReady && onHide) onHide.call(this)
    },
    onReady() { if (this.isReady && onReady) onReady.call(this) },
    onUnload() {
      this.isInFront = false
      this.offLook()
      if (this.isReady && onUnload) onUnload.call(this)
    },
  })
}

module.exports = { definePage, say, decoded }
