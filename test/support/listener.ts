/** A listening port that can be closed and opened again at the same number, with its connections untouched. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export class Listener {
  readonly #host: string;
  readonly #onSocket: (socket: Socket) => void;
  #port: number;
  #server: Server | undefined;

  constructor(host: string, port: number, onSocket: (socket: Socket) => void) {
    this.#host = host;
    this.#port = port;
    this.#onSocket = onSocket;
  }

  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    // A closed server ends only with its last connection, so each opening has its own.
    const server = createServer(this.#onSocket);
    this.#server = server;
    server.listen(this.#port, this.#host);
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  /** From now on connecting is refused by the system. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
  }
}
