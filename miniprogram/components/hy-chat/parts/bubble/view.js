'use strict'
// What a bubble draws of its row, beyond what stands in it.

const { pictureBox, voiceWidth } = require('../../core/sizes')
const { kindLabel } = require('../../core/preview')
const { fileCard, isLong, lengthText, orderCard, placeCard } = require('../../core/card')

const SHAPES = { image: 'picture', video: 'picture', voice: 'voice', file: 'file', location: 'place' }
const CARDS = ['file', 'place', 'order', 'own']

function shapeOf({ kind, lone, content }, cards) {
  if (kind === 'text') return lone ? 'lone' : 'text'
  if (kind === 'custom' && content && cards.indexOf(content.type) >= 0) return 'own'
  if (kind === 'custom' && content && content.type === 'order') return 'order'
  return SHAPES[kind] || 'unknown'
}

/** Of each shape what it needs besides. */
const more = {
  text: ({ content }, t, isUnfolded) => ({ isFolded: !isUnfolded && isLong(String(content)) }),
  lone: ({ content }) => ({ text: String(content).trim() }),
  picture: ({ kind, content, ext }) => {
    const { width, height } = pictureBox(content || {})
    const preview = ext && ext.preview && ext.preview.fileId
    const { fileId = '', seconds } = content || {}
    const isVideo = kind === 'video'
    return { width, height, fileId, preview: preview || '', isVideo, length: isVideo && seconds ? lengthText(seconds) : '' }
  },
  voice: ({ content }) => {
    const seconds = (content && content.seconds) || 0
    return { style: `width:${voiceWidth(seconds)}rpx`, seconds: `${Math.max(1, Math.round(seconds))}″` }
  },
  file: ({ content }, t) => fileCard(content, t),
  place: ({ content }, t) => placeCard(content, t),
  order: ({ content }, t) => orderCard(content, t),
  own: ({ seq, from, own, time, content, ext }) => ({ message: { seq, from, own, time, content, ext } }),
  unknown: (row, t) => ({ text: kindLabel('unknown', null, t) }),
}

/**
 * @param {object} row of core/rows
 * @returns {object} plain JSON: `shape` and what it needs; `look`: classes of the bubble; `chips`: what a screen reader says of them; `progress`: percent of a file that goes up, or null
 */
function viewOf(row, t, { isUnfolded, cards }) {
  const shape = shapeOf(row, cards)
  const isUp = row.progress !== undefined && row.state !== 'failed' && ['picture', 'file'].indexOf(shape) >= 0
  const look = shape === 'lone' || shape === 'picture' ? 'is-bare' : CARDS.indexOf(shape) >= 0 ? 'is-card' : ''
  const chips = row.reactions.map(({ emoji, count }) => t('label.reaction', { emoji, n: count }))
  return { shape, look, chips, progress: isUp ? Math.max(4, Math.round(row.progress * 100)) : null, ...more[shape](row, t, isUnfolded) }
}

module.exports = { viewOf }
