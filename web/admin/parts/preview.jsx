import { t } from '../app/lang.js'
import { previewOf } from '../core/message.js'

/** What a message says, in a line or two. */
export function Preview({ message }) {
  const { kind, text } = previewOf(message)
  return (
    <span class="preview">
      {kind !== 'text' && <span class="tag">{kind}</span>}
      {text === null ? <i class="soft">{t('preview.recalled')}</i> : <span class="preview-text">{text}</span>}
    </span>
  )
}
