// Oneself: avatar, name, settings.

import { useRef, useState } from 'preact/hooks'
import { useApp, useIm } from '../app/hooks.js'
import { squareOf } from '../app/pictures.js'
import { Avatar } from '../parts/avatar.jsx'
import { Cell, Cells } from '../parts/cells.jsx'
import { IconButton } from '../parts/icon.jsx'
import { copy } from '../chat/actions.jsx'

export function Me() {
  const { ui, t, leave } = useApp()
  const im = useIm()
  const picker = useRef(null)
  const [isBusy, setBusy] = useState(false)
  const { name, avatar } = im.directory.user(im.me)
  const shown = im.directory.nameOf(im.me, t)
  const update = async (facts) => {
    await im.client.call('user.update', facts)
    im.directory.refresh([im.me])
  }
  const takePicture = async ({ target }) => {
    const [file] = target.files
    target.value = ''
    if (!file) return
    setBusy(true)
    await ui.attempt(im, t, async () => {
      const square = await squareOf(file).catch(() => { throw { status: 415 } })
      const { fileId } = await im.client.upload(square, { name: 'avatar.jpg' })
      im.files.keep(fileId, square)
      await update({ avatar: fileId })
    })
    setBusy(false)
  }
  const rename = () => ui.ask({ name: 'text', title: t('me.name'), value: name || '', max: 64, act: (value) => update({ name: value }) })
  const waiting = [...im.client.outgoing(), ...im.sender.loaded()].filter(({ state }) => state !== 'sent' && state !== 'discarded').length
  const logOut = () => ui.ask({
    name: 'confirm', title: t('settings.logOut'), text: waiting ? t('settings.logOutWaiting', { n: waiting }) : t('settings.logOutText'), confirm: t('settings.logOutDo'), danger: true, act: () => leave(),
  })
  return (
    <>
      <div class="profile-head">
        <button type="button" class="avatar-button" aria-label={t('me.avatar')} title={t('me.avatar')} onClick={() => picker.current.click()}>{isBusy ? <span class="avatar is-icon is-huge"><i class="ring" /></span> : <Avatar userId={im.me} name={shown} avatar={avatar} size={64} />}</button>
        <div>
          <p class="profile-name">{shown}</p>
          <p class="profile-id">{t('profile.id')} <span>{im.me}</span><IconButton name="copy" size={16} label={t('menu.copy')} onClick={() => copy(im.me, ui, t)} /></p>
        </div>
      </div>
      <input ref={picker} type="file" accept="image/*" hidden tabIndex={-1} onChange={takePicture} />
      <Cells>
        <Cell text={t('me.avatar')} onClick={() => picker.current.click()} />
        <Cell text={t('me.name')} value={shown} onClick={rename} />
      </Cells>
      <Cells>
        <Cell text={t('settings.title')} icon="settings" onClick={() => ui.deeper({ name: 'settings' })} />
        <Cell text={t('settings.blocked')} icon="block" onClick={() => ui.deeper({ name: 'blocked' })} />
      </Cells>
      <Cells><Cell text={t('settings.logOut')} danger onClick={logOut} /></Cells>
    </>
  )
}
