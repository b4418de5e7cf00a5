// Hold to talk: a voice is as long as the finger rests. Sliding up cancels. For those who hear the screen a tap starts, and a tap ends.

const { permissionFor, isDenial, isSystemDenied } = require('../../permission')
const { textsIn } = require('../../texts')
const { stop: stopVoices } = require('../../voices')
const { startRecorder, stopRecorder } = require('./recorder')

const HOLD_MS = 200
const LONGEST_MS = 60_000
const SHORTEST_MS = 1_000
/** The last seconds are counted. */
const LAST_SECONDS = 10
const CANCEL_RPX = 120
const TICK_MS = 200
const BARS = 17

const clockOf = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`

/** Whether the phone reads the screen aloud. */
const isReadAloud = () => new Promise((resolve) => {
  if (!wx.canIUse('checkIsOpenAccessibility')) return resolve(false)
  return wx.checkIsOpenAccessibility({ success: ({ open }) => resolve(open), fail: () => resolve(false) })
})

Component({
  properties: {
    lang: String,
  },

  data: { s: {}, leftLine: '', bars: Array.from({ length: BARS }, (_, i) => i), isHeld: false, isRecording: false, isCancel: false, isByTap: false, clock: '0:00', left: 0 },

  observers: {
    lang(lang) {
      this.t = textsIn(lang)
      const s = { cancel: this.t('action.cancel') }
      for (const name of ['hold', 'release', 'slide', 'releaseCancel', 'start', 'stop']) s[name] = this.t(`voice.${name}`)
      this.setData({ s })
    },
  },

  lifetimes: {
    attached() { isReadAloud().then((is) => { this.isReadAloud = is }) },
    detached() { this.interrupted() },
  },

  pageLifetimes: {
    hide() { this.interrupted() },
  },

  methods: {
    // ---- the finger ----

    pressed({ touches }) {
      if (this.isReadAloud || this.data.isRecording) return
      this.isDown = true
      this.from = touches[0].clientY
      this.setData({ isHeld: true })
      this.holding = setTimeout(() => this.begin(), HOLD_MS)
    },

    moved({ touches }) {
      if (!this.data.isRecording) return
      const isCancel = (this.from - touches[0].clientY) * 750 / wx.getWindowInfo().windowWidth > CANCEL_RPX
      if (isCancel !== this.data.isCancel) this.setData({ isCancel })
    },

    released() {
      if (!this.isDown) return
      this.isDown = false
      clearTimeout(this.holding)
      this.setData({ isHeld: false })
      if (this.data.isRecording) this.finish(this.data.isCancel ? 'cancel' : 'send')
      else if (!this.isAsking && !this.isStarting) this.triggerEvent('short')
    },

    /** The system has taken the finger away: a call, a dialog. */
    lost() {
      this.isDown = false
      clearTimeout(this.holding)
      this.setData({ isHeld: false })
      this.interrupted()
    },

    tapped() {
      if (!this.isReadAloud) return
      if (this.data.isRecording) this.finish('send')
      else this.begin(true)
    },

    sendByTap() { this.finish('send') },
    cancelByTap() { this.finish('cancel') },
    stay() {},

    // ---- recording ----

    async begin(isByTap = false) {
      if (!this.isAllowed) {
        this.isAsking = true
        const answer = await permissionFor('record')
        this.isAsking = false
        this.isAllowed = answer === 'yes'
        if (!this.isAllowed) {
          this.isDown = false // whoever lets go now has not been too short
          this.setData({ isHeld: false })
          return this.triggerEvent('denied', { name: 'microphone', isSystem: answer === 'system' })
        }
      }
      if (!isByTap && !this.isDown) return undefined // it went to answer the question
      stopVoices()
      this.outcome = null
      this.isStarting = true
      this.setData({ isByTap })
      return startRecorder(this, LONGEST_MS)
    },

    started() {
      this.isStarting = false
      if (!this.isDown && !this.data.isByTap) return this.finish('send') // too short, as will be seen
      this.since = Date.now()
      this.setData({ isRecording: true, isCancel: false, clock: clockOf(0), left: 0 })
      this.ticking = setInterval(() => this.tick(), TICK_MS)
      return undefined
    },

    tick() {
      const seconds = Math.floor((Date.now() - this.since) / 1000)
      const rest = Math.ceil(LONGEST_MS / 1000) - seconds
      const left = rest <= LAST_SECONDS ? Math.max(1, rest) : 0
      const clock = clockOf(seconds)
      if (clock !== this.data.clock || left !== this.data.left) this.setData({ clock, left, leftLine: left ? this.t('voice.left', { n: left }) : '' })
    },

    /** @param {'send'|'cancel'|'keep'} outcome */
    finish(outcome) {
      if (this.outcome) return
      this.outcome = outcome
      stopRecorder()
    },

    interrupted() {
      if (this.data.isRecording || this.isStarting) this.finish('keep')
    },

    stopped({ tempFilePath, duration, fileSize }) {
      const outcome = this.outcome || (duration >= LONGEST_MS - SHORTEST_MS ? 'send' : 'keep')
      this.over()
      if (outcome === 'cancel') return
      if (duration < SHORTEST_MS) {
        if (outcome === 'send') this.triggerEvent('short')
        return
      }
      const voice = { kind: 'voice', path: tempFilePath, seconds: Math.max(1, Math.min(60, Math.round(duration / 1000))), size: fileSize }
      this.triggerEvent('voice', outcome === 'keep' ? { ...voice, unsent: true } : voice)
    },

    failed(error) {
      this.over()
      if (isDenial(error)) {
        this.isAllowed = false
        this.triggerEvent('denied', { name: 'microphone', isSystem: isSystemDenied('record') })
      } else this.triggerEvent('failed')
    },

    over() {
      clearInterval(this.ticking)
      this.isStarting = this.isDown = false
      this.outcome = this.outcome || 'keep'
      this.setData({ isRecording: false, isHeld: false, isCancel: false, isByTap: false })
    },
  },
})
