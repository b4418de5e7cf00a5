// swiper: pages side by side, moved by a finger.

import { fire } from './define.js'

export function defineSwiper(define, host) {
  define('swiper-item', { props: { itemId: String } })
  define('swiper', {
    props: {
      current: Number, indicatorDots: Boolean, indicatorColor: String, indicatorActiveColor: String, duration: { type: Number, value: 500 },
      autoplay: Boolean, circular: Boolean, vertical: Boolean, interval: Number,
    },
    react: {
      current(index) { requestAnimationFrame(() => this.show(index)) },
      autoplay(is) { if (is) host.unsupported('autoplay of <swiper>') },
      circular(is) { if (is) host.unsupported('circular of <swiper>') },
      vertical(is) { if (is) host.unsupported('vertical of <swiper>') },
      indicatorDots(is, element) { if (is) requestAnimationFrame(() => this.drawDots(element)) },
    },
    methods: {
      show(index) {
        this.shown = index
        this.element.scrollTo({ left: index * this.element.clientWidth, behavior: this.isDrawn ? 'smooth' : 'auto' })
        this.isDrawn = true
        if (this.dots) this.drawDots(this.element)
      },
      drawDots(element) {
        if (!this.dots) {
          this.dots = document.createElement('phone-dots')
          element.after(this.dots)
        }
        const { indicatorColor = '', indicatorActiveColor = '' } = this.data
        const colors = [indicatorColor || 'rgba(0, 0, 0, .3)', indicatorActiveColor || '#000']
        this.dots.replaceChildren(...[...element.querySelectorAll('wx-swiper-item')].map((_, index) => {
          const dot = document.createElement('i')
          dot.style.background = colors[Number(index === this.shown)]
          return dot
        }))
      },
    },
    created(element) {
      this.shown = 0
      element.addEventListener('scroll', (event) => event.stopPropagation())
      element.addEventListener('scrollend', () => {
        const current = Math.round(element.scrollLeft / (element.clientWidth || 1))
        if (current === this.shown) return
        this.shown = current
        this.last.current = current
        if (this.dots) this.drawDots(element)
        fire(this, 'change', { current, source: 'touch' })
        fire(this, 'animationfinish', { current, source: 'touch' })
      })
    },
    detached() { if (this.dots) this.dots.remove() },
  })
}
