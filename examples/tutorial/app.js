// The app keeps nothing of its own but the login, which all pages share: who you chat with is remembered by pages/index,
// messages by pages/chat.

const { login, server } = require('./config')
const { Login } = require('./utils/login')

App({ login: login ? new Login({ wx, server }) : null })
