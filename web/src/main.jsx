// The web chat: who somebody is, then the chat.

import { render } from 'preact'
import { Look } from './app/look.js'
import { Login } from './app/login.js'
import { Root } from './app/root.jsx'

render(<Root look={new Look()} login={new Login()} />, document.getElementById('app'))
