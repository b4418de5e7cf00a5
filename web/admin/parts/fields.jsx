// What else an action wants to know.

/**
 * @param {{fields: {name, label, kind: 'text'|'select'|'check', options?: [string, string][], isGood?: (value) => boolean, max?: number}[],
 *   values: object, onChange: (values: object) => void, isOff?: boolean}} props
 */
export const Fields = ({ fields, values, onChange, isOff }) => fields.map((field, i) => {
  const set = (value) => onChange({ ...values, [field.name]: value })
  return <Field key={field.name} {...field} isFirst={i === 0} isOff={isOff} value={values[field.name]} onChange={set} />
})

function Field({ label, kind, options, max, value, isFirst, isOff, onChange }) {
  if (kind === 'check') return <label class="check"><input type="checkbox" checked={Boolean(value)} disabled={isOff} onChange={({ target }) => onChange(target.checked)} /><span>{label}</span></label>
  return (
    <label class="labelled">
      <span>{label}</span>
      {kind === 'select'
        ? <select class="field" value={value} disabled={isOff} autofocus={isFirst} onChange={({ target }) => onChange(target.value)}>{options.map(([one, text]) => <option key={one} value={one}>{text}</option>)}</select>
        : <input class="field" value={value} maxLength={max} autocomplete="off" autocapitalize="off" spellcheck={false} disabled={isOff} autofocus={isFirst} onInput={({ target }) => onChange(target.value)} />}
    </label>
  )
}
