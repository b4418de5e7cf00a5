// The operator's page: first a key, then the sections.

import { render } from 'preact'
import { leave, me } from './app/api.js'
import { Door } from './app/door.jsx'
import { dress } from './app/lang.js'
import { Shell } from './app/shell.jsx'

const Page = () => (me.value ? <Shell /> : <Door />)

// A page that the browser keeps for a way back keeps no key.
addEventListener('pagehide', () => leave())

dress()
render(<Page />, document.getElementById('app'))
