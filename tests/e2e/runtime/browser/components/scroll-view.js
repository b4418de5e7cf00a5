// scroll-view, with its thresholds, its refresher, and what `enhanced` adds.

import { fire, keepStyle } from './define.js'

const isGiven = (value) => value !== '' && value !== null && value !== undefined

export function defineScrollView(define) {
  define('scroll-view', {
    props: {
      scrollX: Boolean, scrollY: Boolean, scrollTop: { type: null, value: '' }, scrollLeft: { type: null, value: '' },
      scrollIntoView: String, scrollIntoViewOffset: Number, scrollWithAnimation: Boolean, upperThreshold: { type: Number, value: 50 }, lowerThreshold: { type: Number, value: 50 },
      enableFlex: Boolean, enhanced: Boolean, bounces: { type: Boolean, value: true }, showScrollbar: { type: Boolean, value: true }, scrollAnchoring: Boolean,
      enableBackToTop: Boolean, pagingEnabled: Boolean, fastDeceleration: Boolean, enablePassive: null, usingSticky: Boolean, type: String, clip: Boolean,
      refresherEnabled: Boolean, refresherTriggered: Boolean, refresherThreshold: { type: Number, value: 45 }, refresherDefaultStyle: String, refresherBackground: String,
    },
    react: {
      scrollX(on, element) { keepStyle(element, 'overflow-x', on ? 'auto' : 'hidden') },
      scrollY(on, element) { keepStyle(element, 'overflow-y', on ? 'auto' : 'hidden') },
      scrollTop(value) { if (isGiven(value)) this.moveTo({ top: parseFloat(value) }) },
      scrollLeft(value) { if (isGiven(value)) this.moveTo({ left: parseFloat(value) }) },
      scrollIntoView(id) { if (id) this.show(id) },
      enableFlex(on, element) { if (on) keepStyle(element, 'display', 'flex') },
      refresherTriggered(on, element) { this.pull(on, element) },
    },
    methods: {
      moveTo({ top, left }, isAnimated = this.data.scrollWithAnimation) {
        requestAnimationFrame(() => this.element.scrollTo({ top, left, behavior: isAnimated ? 'smooth' : 'instant' }))
      },
      show(id, offset = this.data.scrollIntoViewOffset) {
        requestAnimationFrame(() => {
          const node = this.ownerShadowRoot.querySelector(`#${id}`)
          if (!node) return
          const [inner, outer] = [node.getBackendElement(), this.element].map((element) => element.getBoundingClientRect())
          this.moveTo({
            top: this.data.scrollY ? this.element.scrollTop + inner.top - outer.top + offset : undefined,
            left: this.data.scrollX ? this.element.scrollLeft + inner.left - outer.left + offset : undefined,
          })
        })
      },
      /** The list stands lower while it refreshes. */
      pull(on, element) {
        const wasOn = this.isRefreshing
        this.isRefreshing = on
        keepStyle(element, '--pulled', on ? `${this.data.refresherThreshold}px` : '0px')
        if (wasOn && !on) fire(this, 'refresherrestore', {})
      },
      nodeForQuery() {
        return {
          scrollTo: ({ top, left, animated = true }) => this.moveTo({ top, left }, animated),
          scrollIntoView: (selector, { offset = 0 } = {}) => this.show(selector.replace(/^#/, ''), offset),
        }
      },
      watchPull(element) {
        let from = null
        let pulled = 0
        element.addEventListener('touchstart', ({ touches }) => {
          from = this.data.refresherEnabled && !this.isRefreshing && element.scrollTop <= 0 ? touches[0].clientY : null
          pulled = 0
        }, { passive: true })
        element.addEventListener('touchmove', (event) => {
          if (from === null) return
          pulled = Math.max(0, (event.touches[0].clientY - from) / 2)
          if (pulled === 0) return
          if (event.cancelable) event.preventDefault()
          keepStyle(element, '--pulled', `${pulled}px`)
          fire(this, 'refresherpulling', { dy: pulled })
        }, { passive: false })
        element.addEventListener('touchend', () => {
          if (from === null) return
          from = null
          const isFar = pulled >= this.data.refresherThreshold
          if (isFar) {
            this.pull(true, element)
            fire(this, 'refresherrefresh', { dy: pulled })
          } else {
            keepStyle(element, '--pulled', '0px')
            if (pulled) fire(this, 'refresherabort', { dy: pulled })
          }
        }, { passive: true })
      },
    },
    created(element) {
      let nearTop = true
      let nearEnd = false
      let last = { top: 0, left: 0 }
      element.addEventListener('scroll', (event) => {
        event.stopImmediatePropagation() // the page gets WeChat's event, not the browser's as well
        const { scrollTop, scrollLeft, scrollHeight, scrollWidth, clientHeight, clientWidth } = element
        fire(this, 'scroll', { scrollTop, scrollLeft, scrollHeight, scrollWidth, deltaX: last.left - scrollLeft, deltaY: last.top - scrollTop })
        last = { top: scrollTop, left: scrollLeft }
        const [start, end] = this.data.scrollY ? [scrollTop, scrollHeight - clientHeight - scrollTop] : [scrollLeft, scrollWidth - clientWidth - scrollLeft]
        const [first, final] = this.data.scrollY ? ['top', 'bottom'] : ['left', 'right']
        const isNearTop = start <= this.data.upperThreshold
        const isNearEnd = end <= this.data.lowerThreshold
        if (isNearTop && !nearTop) fire(this, 'scrolltoupper', { direction: first })
        if (isNearEnd && !nearEnd) fire(this, 'scrolltolower', { direction: final })
        nearTop = isNearTop
        nearEnd = isNearEnd
      })
      for (const [type, name] of [['touchstart', 'dragstart'], ['touchmove', 'dragging'], ['touchend', 'dragend']]) {
        element.addEventListener(type, () => {
          if (this.data.enhanced) fire(this, name, { scrollTop: element.scrollTop, scrollLeft: element.scrollLeft })
        }, { passive: true })
      }
      this.watchPull(element)
    },
  })
}
