/** An icon of the design, in the colour of the text around it; `size` in px. */
export const Icon = ({ name, size }) => <i class={`hy-icon hy-icon-${name}`} style={size ? { width: size, height: size } : undefined} aria-hidden="true" />

/** A button that is an icon; its name is read out, and shown when the pointer rests on it. */
export function IconButton({ name, label, class: className = '', size, ...rest }) {
  return (
    <button type="button" class={`icon-button ${className}`} aria-label={label} title={label} {...rest}>
      <Icon name={name} size={size} />
    </button>
  )
}
