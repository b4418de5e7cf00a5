// Names by their initials: A to Z, by the pinyin of Chinese ones, then #. Pure.

const table = require('./initials-table')

const FIRST = 0x4e00

/** 'A' to 'Z', or '#'. */
function initialOf(name) {
  const first = (name || '').trim().charAt(0)
  const letter = first.normalize('NFD').charAt(0).toUpperCase()
  if (letter >= 'A' && letter <= 'Z') return letter
  return table[first.charCodeAt(0) - FIRST] || '#'
}

/** The initials of all of a name's characters: what `zs` finds 张三 by. */
const initialsOf = (name) => Array.from(name || '', (character) => {
  const letter = initialOf(character)
  return letter === '#' ? character : letter
}).join('').toLowerCase()

const order = (initial) => (initial === '#' ? '~' : initial)

/**
 * @param {{name: string}[]} people
 * @returns {{initial: string, people: object[]}[]} by initial, # last; within one by name
 */
function byInitial(people) {
  const groups = {}
  for (const person of people) {
    const initial = initialOf(person.name)
    groups[initial] = [...(groups[initial] || []), person]
  }
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0)
  return Object.keys(groups).sort((a, b) => compare(order(a), order(b)))
    .map((initial) => ({ initial, people: groups[initial].sort((a, b) => compare(initialsOf(a.name), initialsOf(b.name)) || compare(a.name, b.name)) }))
}

module.exports = { initialOf, initialsOf, byInitial }
