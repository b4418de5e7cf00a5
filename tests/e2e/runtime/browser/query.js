// SelectorQuery and IntersectionObserver as WeChat has them; points are counted from below the navigation bar.

import { Element } from 'glass-easel'
import { guard, unsupported } from './report.js'
import { plainRect } from './wxs.js'

const shadowOf = (component) => (component._$ || component).getShadowRoot()
const drawn = (node) => node.getBackendElement()

/** glass-easel looks through the trees of all components below as well, where nothing can match but by `>>>`: most of a scroll's time went there. */
function* matching(root, selector) {
  if (selector.includes('>>>')) return yield* root.querySelectorAll(selector)
  const wanted = Element.parseSelector(selector)
  const below = [...root.childNodes].reverse()
  while (below.length) {
    const node = below.pop()
    if (!node.childNodes) continue // a text
    if (wanted.testSelector(root, node)) yield node
    for (let i = node.childNodes.length - 1; i >= 0; i--) below.push(node.childNodes[i])
  }
}
const first = (root, selector) => matching(root, selector).next().value || null

const FIELDS = {
  id: (node) => ({ id: node.id }),
  dataset: (node) => ({ dataset: { ...node.dataset } }),
  rect: (node) => { const { left, right, top, bottom } = plainRect(drawn(node).getBoundingClientRect()); return { left, right, top, bottom } },
  size: (node) => { const { width, height } = drawn(node).getBoundingClientRect(); return { width, height } },
  scrollOffset: (node) => { const { scrollLeft, scrollTop, scrollHeight, scrollWidth } = drawn(node); return { scrollLeft, scrollTop, scrollHeight, scrollWidth } },
  node: (node) => ({ node: node.nodeForQuery ? node.nodeForQuery() : unsupported(`the node of <${node.is}>`) }),
  computedStyle: (node, names) => { const style = getComputedStyle(drawn(node)); return Object.fromEntries(names.map((name) => [name, style[name]])) },
  properties: (node, names) => Object.fromEntries(names.map((name) => [name, node.data[name]])),
}
const viewport = () => {
  const page = document.querySelector('phone-view:not([hidden]) wx-page')
  const { clientWidth: width, clientHeight: height, scrollLeft, scrollTop, scrollHeight, scrollWidth } = page
  return { id: '', dataset: {}, left: 0, top: 0, right: width, bottom: height, width, height, scrollLeft, scrollTop, scrollHeight, scrollWidth }
}

/** What boundingClientRect() asks for, of one look: half of a scroll's time were two. */
const isWhole = ({ rect, size }) => rect && size
const wholeRect = (node) => plainRect(drawn(node).getBoundingClientRect())

function read(node, fields) {
  if (isWhole(fields)) {
    const { rect, size, ...others } = fields
    return { ...read(node, others), ...wholeRect(node) }
  }
  const wanted = Object.entries(fields).filter(([, value]) => value)
  return Object.assign({}, ...wanted.map(([name, value]) => {
    if (FIELDS[name]) return FIELDS[name](node, value)
    unsupported(`the field ${name} of a SelectorQuery`)
    return {}
  }))
}

/** wx.createSelectorQuery; `component` is where it looks unless `in` says otherwise. */
export function createSelectorQuery(component) {
  const questions = []
  let scope = component
  const query = {
    in(other) { scope = other; return query },
    select: (selector) => nodesRef((root) => first(root, selector)),
    selectAll: (selector) => nodesRef((root) => [...matching(root, selector)]),
    selectViewport: () => nodesRef(null),
    exec(callback) {
      requestAnimationFrame(() => setTimeout(() => guard(() => {
        const answers = questions.map(({ from, find, fields, tell }) => {
          const found = find ? find(shadowOf(from)) : viewport
          const answer = found === viewport ? viewport()
            : Array.isArray(found) ? found.filter(drawn).map((node) => read(node, fields)) // not what is gone by now
              : found && drawn(found) ? read(found, fields) : null
          if (tell) guard(() => tell(answer))
          return answer
        })
        if (callback) callback(answers)
      }), 0))
      return query
    },
  }
  const nodesRef = (find) => {
    const ask = (fields, tell) => {
      questions.push({ from: scope, find, fields, tell })
      return query
    }
    return {
      fields: ask,
      boundingClientRect: (tell) => ask({ id: true, dataset: true, rect: true, size: true }, tell),
      scrollOffset: (tell) => ask({ id: true, dataset: true, scrollOffset: true }, tell),
      node: (tell) => ask({ node: true }, tell),
    }
  }
  return query
}

/** wx.createIntersectionObserver, over the browser's. */
export function createIntersectionObserver(component, { thresholds = [0], initialRatio = 0, observeAll = false } = {}) {
  const margin = (margins = {}) => ['top', 'right', 'bottom', 'left'].map((side) => `${margins[side] || 0}px`).join(' ')
  let root = document
  let rootMargin = margin()
  let watching
  const observer = {
    relativeTo(selector, margins) {
      const node = first(shadowOf(component), selector)
      root = node ? drawn(node) : document
      rootMargin = margin(margins)
      return observer
    },
    relativeToViewport(margins) {
      root = document
      rootMargin = margin(margins)
      return observer
    },
    observe(selector, tell) {
      const all = [...matching(shadowOf(component), selector)]
      const nodes = new Map((observeAll ? all : all.slice(0, 1)).filter(drawn).map((node) => [drawn(node), node]))
      const seen = new Set()
      watching = new IntersectionObserver((entries) => {
        for (const entry of entries) {
          const { id, dataset } = nodes.get(entry.target)
          const isFirst = !seen.has(entry.target)
          seen.add(entry.target)
          // WeChat tells at first only of what is not as `initialRatio` says
          if (isFirst && entry.intersectionRatio === initialRatio && !entry.isIntersecting) continue
          guard(() => tell({
            id, dataset: { ...dataset }, intersectionRatio: entry.intersectionRatio, time: entry.time,
            intersectionRect: plainRect(entry.intersectionRect), boundingClientRect: plainRect(entry.boundingClientRect),
            relativeRect: entry.rootBounds && plainRect(entry.rootBounds),
          }))
        }
      }, { root, rootMargin, threshold: thresholds })
      for (const element of nodes.keys()) watching.observe(element)
    },
    disconnect() { if (watching) watching.disconnect() },
  }
  return observer
}
