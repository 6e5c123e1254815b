/** The page for other browsers: a server inside the app, on the same engine, where the settings give it a port. */

export interface Endpoint {
  /** With the token: whoever has it may do what the window may. */
  readonly url: string;
  close(): Promise<void>;
}

interface Ports {
  start(port: number): Promise<Endpoint>;
  onRefused(port: number): void;
  onChanged(): void;
}

export class EndpointSwitch {
  readonly #ports: Ports;
  #port = 0;
  #endpoint: Endpoint | undefined;
  #turning: Promise<void> = Promise.resolve();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  get url(): string | undefined {
    return this.#endpoint?.url;
  }

  /** 0 is off. One turn after the other: a port is free only when its server is gone. */
  turn(port: number): Promise<void> {
    this.#turning = this.#turning.then(() => this.#turn(port));
    return this.#turning;
  }

  async #turn(port: number): Promise<void> {
    if (port === this.#port) return;
    await this.#endpoint?.close();
    this.#endpoint = undefined;
    this.#port = port;
    try {
      if (port !== 0) this.#endpoint = await this.#ports.start(port);
    } catch {
      this.#port = 0;
      this.#ports.onRefused(port);
    }
    this.#ports.onChanged();
  }
}
