/** Events by name. A listener that throws does not keep the others from hearing. */
export class Emitter<Events> {
  private readonly listeners: { [Name in keyof Events]?: ((event: Events[Name]) => void)[] } = {}

  /** Returns what takes it off again. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    this.listeners[name] = [...(this.listeners[name] ?? []), listener]
    return () => this.off(name, listener)
  }

  off<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void {
    this.listeners[name] = (this.listeners[name] ?? []).filter((known) => known !== listener)
  }

  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.listeners[name] ?? []) {
      try {
        listener(event)
      } catch (error) {
        console.error(error) // the app's, and it should see it
      }
    }
  }
}
