/** Stands for the browser's WebSocket: the test plays the server. */
export class FakeSocket {
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((close: { code: number }) => void) | null = null;
  readonly since: number | null;
  closed = false;

  constructor(since: number | null) {
    this.since = since;
  }

  say(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  drop(code = 1006): void {
    this.onclose?.({ code });
  }

  close(): void {
    this.closed = true;
  }

  /** Only the members above are used by the canvas; the rest of the interface is not needed to play the server. */
  asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }
}
