// How a copy is made: by a command, on the server's machine. A browser is no place for everybody's messages.

import { say } from '../app/act.js'
import { t } from '../app/lang.js'
import { overview } from '../app/poll.js'
import { Card } from '../parts/card.jsx'

const COMMAND = 'hongyan backup /var/backups/hongyan.tar --config /etc/hongyan/hongyan.toml'

export function Backup() {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(COMMAND)
      say(t('backup.copied'))
    } catch { // forbidden, or not there without https
      say(t('backup.cannot'))
    }
  }
  const isOther = overview.value && overview.value.database !== 'sqlite'
  return (
    <Card title={t('backup.title')}>
      <p>{t('backup.text')}</p>
      <div class="command"><code>{COMMAND}</code><button type="button" class="button" onClick={copy}>{t('backup.copy')}</button></div>
      <ul class="points">
        <li>{t('backup.key')}</li>
        <li>{t('backup.serves')}</li>
        <li>{t('backup.epoch')}</li>
      </ul>
      {isOther && <p class="note is-warning">{t('backup.other', { database: overview.value.database })}</p>}
    </Card>
  )
}
