/** What the core asks of where it runs; it names no host itself. One file a host in hosts/. */

export interface Socket {
  /** Throws when the socket is not open. */
  send(text: string): void
  /** May be called at any time, and more than once; `closed` is told then too. */
  close(): void
}

/** What a socket tells; nothing after `closed`, which comes exactly once, also when it never opened. */
export interface SocketListener {
  opened(): void
  received(text: string): void
  /** 4001 stands for a refused token also where the host saw HTTP 401. */
  closed(code: number, reason: string): void
}

/** Texts that outlive the app. All of it synchronous, as every host has it. */
export interface Storage {
  get(key: string): string | null
  /** Throws when it is full. */
  set(key: string, text: string): void
  remove(key: string): void
  keys(): string[]
}

export interface UploadRequest {
  url: string
  /** For `Authorization`; null: none. */
  token: string | null
  /** As the host has files: a path (mini-programs, Node), a Blob (browsers). */
  file: unknown
  /** What the server calls it, where the host lets one say so. */
  name?: string
  /** Of a voice or a video. */
  seconds?: number
  progress?: (sent: number, total: number) => void
}

export interface Host {
  /** `token`: for `Authorization: Bearer`, or as a second subprotocol `bearer.TOKEN`. Never in the URL. */
  connect(url: string, token: string | null, to: SocketListener): Socket
  storage: Storage
  setTimeout(act: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
  /** The app is seen again, or the network is back (true); it is hidden, or the network is gone (false). Returns what ends it. */
  onWake(listener: (awake: boolean) => void): () => void
  /** Answers status and body of `POST url`, or rejects when there was none. */
  upload(request: UploadRequest): Promise<{ status: number; text: string }>
  /** The host cannot offer subprotocols (Alipay): the address says which it is. */
  withoutSubprotocols?: boolean
}
