/** Why something was not done. */
export class ClientError extends Error {
  /**
   * @param code a JSON-RPC code of the server's, or one of ours: `offline` (no session came in time), `lost` (the connection went
   *   before the answer: nobody knows), `timeout` (no answer), `closed` (by close(), or for good), `http` (an upload's status is in `data`)
   * @param data the server's: `param`, `reason`, `retryAfterMs`
   */
  constructor(readonly code: number | 'offline' | 'lost' | 'timeout' | 'closed' | 'http', message: string, readonly data?: Record<string, unknown>) {
    super(message)
    this.name = 'ClientError'
    Object.setPrototypeOf(this, ClientError.prototype) // for hosts whose bundlers still make ES5 of classes
  }

  /** Trying again would be answered the same (contract, section 3). */
  get final(): boolean {
    return finals.indexOf(this.code as number) >= 0
  }
}

const finals = [-32600, -32601, -32602, -32003, -32004, -32009, -32013, -32022]
