import { nameIn } from '../app/brand.js'
import { SERVER } from '../app/login.js'
import { useApp } from '../app/hooks.js'
import { Cell, Cells, Choice, Switch } from '../parts/cells.jsx'

export function Settings() {
  const { look, t } = useApp()
  const { theme, lang, sound, reads } = look.chosen
  return (
    <>
      <Cells>
        <Choice text={t('settings.theme')} value={theme} onChange={(value) => look.choose({ theme: value })} options={[['', t('settings.system')], ['light', t('settings.light')], ['dark', t('settings.dark')]]} />
        <Choice text={t('settings.lang')} value={lang} onChange={(value) => look.choose({ lang: value })} options={[['', t('settings.browser')], ['zh', '中文'], ['en', 'English']]} />
      </Cells>
      <Cells>
        <Switch text={t('settings.sound')} isOn={sound} onChange={(value) => look.choose({ sound: value })} />
        <Switch text={t('settings.reads')} isOn={reads} onChange={(value) => look.choose({ reads: value })} />
      </Cells>
      <Cells title={t('settings.keys')}>
        {['send', 'line', 'edit', 'search', 'chats', 'menu', 'reply'].map((key) => <Cell key={key} text={t(`keys.${key}`)} value={<kbd>{t(`keys.${key}.keys`)}</kbd>} />)}
      </Cells>
      <p class="hint">{nameIn(look.lang)} · {new URL(SERVER).host}</p>
    </>
  )
}
