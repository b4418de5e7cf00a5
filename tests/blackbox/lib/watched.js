// A server of a test's own, that tests answer for and wait for: the hook before a send, WeChat, a webhook's receiver.

import { within } from './wait.js'

export class Watched {
  waiting = []
  rules = []

  // For messages: whose `place` it is, and `summary()`, what came. `assertGood()` throws what is wrong with that.
  get place() { return 'a server' }
  summary() { return '' }
  assertGood() {}

  // From now on those that `accepts` are answered so: what the server's own file says, or a function of the question that returns one, or a
  // promise of one; nothing: as ever. The newest such rule counts. Returns what takes it back.
  answer(how, accepts = () => true) {
    const rule = { how, accepts }
    this.rules.push(rule)
    return () => { this.rules = this.rules.filter((it) => it !== rule) }
  }

  // Those that `accepts` wait for `release(how)`, which answers all there are, and those that come.
  hold(accepts) {
    let release
    const released = new Promise((resolve) => { release = resolve })
    this.answer(() => released, accepts)
    return (how) => release(how)
  }

  // How a question is answered, or a promise of it.
  howOf(question) {
    const rule = this.rules.findLast(({ accepts }) => accepts(question))
    return typeof rule?.how === 'function' ? rule.how(question) : rule?.how
  }

  // Resolves with what `predicate(this)` returns, once that is something. It is asked whenever something has happened.
  waitFor(predicate, ms = 10_000, what = `what was waited for at ${this.place}`) {
    const found = new Promise((resolve, reject) => {
      const ask = () => {
        try {
          this.assertGood()
          const got = predicate(this)
          if (got) resolve(got)
          return got
        } catch (error) {
          reject(error)
          return true
        }
      }
      if (!ask()) this.waiting.push(ask)
    })
    return within(ms, found, what).catch((error) => {
      error.message += `; ${this.summary()}`
      throw error
    })
  }

  changed() { this.waiting = this.waiting.filter((ask) => !ask()) }
}
