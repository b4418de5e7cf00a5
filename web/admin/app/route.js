// Which section is open, and of whom: in the address, behind its #, so that back and forward lead from one to the other.

import { signal } from '@preact/signals'

/** In the order of the menu. `needs`: the scope without which nothing of it is seen. */
export const SECTIONS = [
  { name: 'overview', icon: 'house', needs: 'observe' },
  { name: 'users', icon: 'person', needs: 'observe' },
  { name: 'groups', icon: 'group', needs: 'admin' },
  { name: 'messages', icon: 'chats', needs: 'observe' },
  { name: 'webhooks', icon: 'link', needs: 'observe' },
  { name: 'moderation', icon: 'block', needs: 'admin' },
  { name: 'files', icon: 'file', needs: 'admin' },
  { name: 'audit', icon: 'clock', needs: 'owner' },
  { name: 'backup', icon: 'download', needs: 'owner' },
]

export const route = signal(read())
addEventListener('hashchange', () => { route.value = read() })

export const addressOf = (section, id = '') => `#${section}${id ? `/${encodeURIComponent(id)}` : ''}`
export const go = (section, id) => { location.hash = addressOf(section, id) }

function read() {
  const [name, id = ''] = location.hash.slice(1).split('/')
  const section = SECTIONS.find((one) => one.name === name) || SECTIONS[0]
  try {
    return { section, id: decodeURIComponent(id) }
  } catch { // no encoding
    return { section, id: '' }
  }
}
