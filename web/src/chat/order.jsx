import { useApp } from '../app/hooks.js'
import { Icon } from '../parts/icon.jsx'

const SIGNS = { CNY: '¥', USD: '$', EUR: '€', GBP: '£', JPY: '¥', HKD: 'HK$' }
const ACTIONS_MAX = 2

const amountText = (amount, currency = 'CNY') => (typeof amount === 'number' ? `${SIGNS[currency] || `${currency} `}${amount.toFixed(2)}` : `${SIGNS[currency] || ''}${amount}`)

/** An order of the business's. Its picture may only be a file of this server. */
export function OrderCard({ content, actions }) {
  const { ui, t } = useApp()
  const { orderId, title, count, amount, currency, status, actions: buttons } = content
  const press = ({ reply, path }) => {
    if (typeof reply === 'string' && reply) actions.say(reply).catch(() => {})
    else if (typeof path === 'string' && /^https?:\/\//.test(path)) open(path, '_blank', 'noopener,noreferrer')
    else ui.say(t('order.elsewhere'))
  }
  return (
    <div class="card is-order">
      <p class="order-head"><b>{t('order.title', { id: String(orderId ?? '') })}</b><span class="soft">{status}</span></p>
      <p class="order-goods"><span class="order-image"><Icon name="order" size={24} /></span><span class="order-title">{title}</span>{count > 0 && <span class="soft">{t('order.count', { n: count })}</span>}</p>
      {amount !== undefined && <p class="order-total">{t('order.total')} <b>{amountText(amount, currency)}</b></p>}
      {Array.isArray(buttons) && buttons.length > 0 && (
        <p class="order-actions">{buttons.slice(0, ACTIONS_MAX).map((button, i) => <button key={i} type="button" class="button is-plain is-small" onClick={() => press(button)}>{String(button.text ?? '')}</button>)}</p>
      )}
    </div>
  )
}
