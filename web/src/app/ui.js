// What is open: a chat, panels beside it, a dialog, a word that passes. The chat is in the address, so that back and forward lead
// from one to the other.

import { refusalText } from '../../../miniprogram/components/hy-chat/core/errors.js'
import { keyOf, samePlace } from '../../../miniprogram/components/hy-chat/core/place.js'

const TOAST_MS = 2_000

export class Ui {
  constructor() {
    this.listeners = new Set()
    this.place = placeInAddress()
    /** Where the chat opens: {seq}; another object each time. */
    this.target = null
    this.panels = []
    this.modal = null
    this.toast = null
    this.query = ''
    this.came = 0
    this.onPop = () => this.followAddress()
    addEventListener('popstate', this.onPop)
    addEventListener('hashchange', this.onPop)
  }

  end() {
    removeEventListener('popstate', this.onPop)
    removeEventListener('hashchange', this.onPop)
  }

  onChange(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  change(facts) {
    Object.assign(this, facts)
    for (const listener of [...this.listeners]) listener()
  }

  get panel() { return this.panels[this.panels.length - 1] || null }

  /** Opens a chat, at an entry of it where `seq` says so. */
  open(place, { seq } = {}) {
    if (!samePlace(place, this.place)) {
      history.pushState(null, '', `#${addressOf(place)}`)
      this.came++
    }
    const isAside = this.panel && ['info', 'find'].includes(this.panel.name)
    this.change({ place, target: seq === undefined ? null : { seq }, panels: samePlace(place, this.place) || isAside ? this.panels.filter(({ name }) => !isNarrow() && ['info', 'find'].includes(name)) : [] })
  }

  /** Back to the list. */
  close() {
    if (this.came > 0) history.back()
    else {
      history.replaceState(null, '', location.pathname + location.search)
      this.followAddress()
    }
  }

  followAddress() {
    const place = placeInAddress()
    if (samePlace(place, this.place) || place === this.place) return
    this.came = Math.max(0, this.came - 1)
    this.change({ place, target: null, panels: [] })
  }

  /** @param {{name: string}} panel what else it needs is in it */
  show(panel) { this.change({ panels: [panel] }) }
  /** From one panel to the next, with a way back. */
  deeper(panel) { this.change({ panels: [...this.panels, panel] }) }
  back() { this.change({ panels: this.panels.slice(0, -1) }) }
  toggle(panel) {
    const isOpen = this.panels.some(({ name }) => name === panel.name)
    this.change({ panels: isOpen ? [] : [panel] })
  }

  /** @param {object|null} modal {name, …}: a dialog; null: none */
  ask(modal) { this.change({ modal }) }

  /** Does what needs the server, and says why when it cannot be done. Answers whether it was. */
  async attempt(im, t, act) {
    if (!im.isOnline) {
      this.say(t('refused.network'))
      return false
    }
    try {
      await act()
      return true
    } catch (error) {
      this.say(refusalText(error, t))
      return false
    }
  }

  say(text) {
    clearTimeout(this.timer)
    this.change({ toast: text })
    this.timer = setTimeout(() => this.change({ toast: null }), TOAST_MS)
  }
}

export const isNarrow = () => matchMedia('(max-width: 767px)').matches

const addressOf = (place) => keyOf(place).replace(/^(.):(.*)$/s, (whole, kind, id) => `${kind}=${encodeURIComponent(id)}`)

/** `#u=ID` or `#g=ID`. */
function placeInAddress() {
  const found = /(?:^|&)([ug])=([^&]+)/.exec(location.hash.slice(1))
  if (!found) return null
  try {
    const id = decodeURIComponent(found[2])
    return found[1] === 'u' ? { userId: id } : { groupId: id }
  } catch { // no encoding
    return null
  }
}
