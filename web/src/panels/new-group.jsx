import { useState } from 'preact/hooks'
import { useApp } from '../app/hooks.js'
import { Box } from '../parts/dialog.jsx'
import { Choose } from './people.jsx'

const DEFAULT_NAME_MAX = 20

/** Who could not be added is named: they have blocked one. */
async function tellMissing({ im, ui, t }, groupId, wanted) {
  await im.members.load(groupId)
  const there = im.members.of(groupId) || []
  const missing = wanted.filter((id) => !there.some(({ userId }) => userId === id))
  if (there.length && missing.length) ui.say(t('group.cannotAdd', { name: missing.map((id) => im.directory.nameOf(id, t)).join(t('name.join')) }))
}

export function NewGroup({ chosen: first = [], onClose }) {
  const app = useApp()
  const { im, ui, t } = app
  const [chosen, setChosen] = useState(first)
  const [name, setName] = useState('')
  const [isBusy, setBusy] = useState(false)
  /** The names of those in it, as the server has them: of whoever was just added none is known yet. */
  const defaultName = async (userIds) => {
    const { users } = await im.client.call('user.get', { userIds })
    const names = userIds.map((id) => users.find(({ userId }) => userId === id)?.name || im.directory.nameOf(id, t))
    return Array.from(names.join(t('name.join'))).slice(0, DEFAULT_NAME_MAX).join('')
  }
  const create = async () => {
    setBusy(true)
    await ui.attempt(im, t, async () => {
      const { group } = await im.client.call('group.create', { name: name.trim() || (await defaultName([im.me, ...chosen].slice(0, DEFAULT_NAME_MAX))), members: chosen })
      onClose()
      ui.open({ groupId: group.groupId })
      tellMissing(app, group.groupId, chosen)
    })
    setBusy(false)
  }
  const footer = (
    <>
      <input class="field" aria-label={t('group.nameOptional')} placeholder={t('group.nameOptional')} value={name} maxLength={64} onInput={({ target }) => setName(target.value)} />
      <button type="button" class="button" disabled={!chosen.length || isBusy} onClick={create}>{isBusy ? <i class="ring" /> : t('group.create', { n: chosen.length })}</button>
    </>
  )
  return <Box title={t('group.new')} onClose={onClose} footer={footer}><Choose chosen={chosen} setChosen={setChosen} /></Box>
}

export function AddMembers({ groupId, onClose }) {
  const app = useApp()
  const { im, ui, t } = app
  const [chosen, setChosen] = useState([])
  const [isBusy, setBusy] = useState(false)
  const add = async () => {
    setBusy(true)
    const isDone = await ui.attempt(im, t, () => im.client.call('group.add', { groupId, userIds: chosen }))
    setBusy(false)
    if (!isDone) return
    onClose()
    tellMissing(app, groupId, chosen)
  }
  const footer = <button type="button" class="button" disabled={!chosen.length || isBusy} onClick={add}>{isBusy ? <i class="ring" /> : t('group.addN', { n: chosen.length })}</button>
  return <Box title={t('group.add')} onClose={onClose} footer={footer}><Choose chosen={chosen} setChosen={setChosen} without={(im.members.of(groupId) || []).map(({ userId }) => userId)} /></Box>
}
