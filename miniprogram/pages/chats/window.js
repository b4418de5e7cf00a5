// Which rows of a long list are in the tree: what is on the screen and two screens more above and below. Pure.

const SCREENS_AROUND = 2

/**
 * @param {{count: number, rowHeight: number, height: number, scrollTop: number}} list in px; scrollTop: of the first row's upper edge
 * @returns {{from: number, to: number}} rows from..to-1; in steps of half a screen, so that not every move is a change
 */
function rowsInTree({ count, rowHeight, height, scrollTop }) {
  const perScreen = Math.max(1, Math.ceil(height / rowHeight))
  const step = Math.max(1, Math.floor(perScreen / 2))
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight / step) * step
  const from = Math.max(0, Math.min(first, count - 1) - SCREENS_AROUND * perScreen)
  return { from, to: Math.min(count, first + (1 + SCREENS_AROUND) * perScreen + step) }
}

/** Rows that can be seen: those of whose people presence is asked. */
function rowsOnScreen({ count, rowHeight, height, scrollTop }) {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight))
  return { from: Math.min(from, count), to: Math.min(count, Math.ceil((scrollTop + height) / rowHeight)) }
}

module.exports = { rowsInTree, rowsOnScreen }
