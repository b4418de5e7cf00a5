// What WXS knows beside JavaScript. Its files run when they are loaded, so this stands before them.

Object.defineProperty(Object.prototype, 'wxsType', { get() { return Object.prototype.toString.call(this).slice(8, -1) } })
window.getRegExp = (pattern, flags) => new RegExp(pattern, flags)
window.getDate = (...parts) => new Date(...parts)
/** The functions of WXS: as handlers of events they are called in another way than a page's. */
window.wxsFunctions = new WeakSet()
window.markWxs = (exported) => {
  for (const member of Object.values(exported || {})) if (typeof member === 'function') window.wxsFunctions.add(member)
}
