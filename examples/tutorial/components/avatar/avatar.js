// A user's picture, drawn by ourselves: the last character of the name on a colour of the user's own.

const COLORS = [
  ['#6fb7ff', '#3f86f0'], ['#ffb36b', '#f5813f'], ['#7fd6a6', '#2fae78'], ['#c39bff', '#8a63e8'],
  ['#ff9aa8', '#ec5f78'], ['#6fd3da', '#2ba3b3'], ['#e6c36a', '#c9962e'], ['#9aa7c7', '#647299'],
]

const hash = (text) => Array.from(text).reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 9973, 0)

Component({
  properties: {
    userId: String,
    name: String,
  },
  data: { letter: '', background: '' },
  observers: {
    'userId, name'(userId, name) {
      const [from, to] = COLORS[hash(userId) % COLORS.length]
      this.setData({
        letter: (Array.from(name || userId).pop() || '?').toUpperCase(),
        background: `linear-gradient(160deg, ${from}, ${to})`,
      })
    },
  },
})
