import { useId } from 'preact/hooks'
import { addressOf } from '../app/route.js'
import { pageOf } from '../core/message.js'
import { time } from '../core/format.js'

/** What belongs together. @param {{title?: string, actions?: any}} props `actions`: buttons beside the title */
export function Card({ title, actions, class: className = '', children }) {
  const id = useId()
  return (
    <section class={`card ${className}`} aria-labelledby={title ? id : undefined}>
      {title && <header class="card-head"><h2 id={id}>{title}</h2>{actions && <div class="actions">{actions}</div>}</header>}
      {children}
    </section>
  )
}

/** Names and what they are. @param {{facts: [string, any, boolean?][]}} props the third: it has a line of its own */
export const Facts = ({ facts }) => <dl class="facts">{facts.map(([name, value, isWhole]) => <div key={name} class={isWhole ? 'is-whole' : ''}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>

/** @param {{at: string|null, isExact?: boolean}} props `isExact`: to the millisecond */
export const Time = ({ at, isExact }) => (at ? <time dateTime={at}>{time(at, isExact)}</time> : '–')

/** A user or a group, as a link to its page. */
export function PlaceLink({ place }) {
  const { section, id } = pageOf(place)
  return <a class="link mono" href={addressOf(section, id)}>{id}</a>
}
