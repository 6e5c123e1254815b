/** The secrets of downloads, each sealed under the download's id, in files of their own. */
import { DownloadError } from '#engine';
import type { RequestDraft, RequestView } from '#shared/orders';
import { hasSecrets, withoutSecrets, withSecretsOf } from '#shared/request-secrets';
import { Shards } from './shards.ts';
import type { Stores } from './stores.ts';
import type { Vault } from './vault.ts';

const files = 16;
export const secretsLost = 'its login, cookies and other secrets could not be kept: give them again';

export class Secrets {
  readonly #vault: Vault;
  readonly #shards: Shards<string>;
  readonly #inMemory = new Map<string, RequestDraft>();

  constructor(stores: Stores, vault: Vault) {
    this.#vault = vault;
    this.#shards = new Shards(stores, {
      prefix: 'secrets',
      fileOf: (id) => Number.parseInt(id.slice(-2), 16) % files,
      parse: (value) => (typeof value === 'string' ? value : undefined),
    });
  }

  load(): void {
    this.#shards.load(files);
  }

  /** @returns what may be stored openly. Resolves once the rest is sealed and on disk. */
  async keep(id: string, draft: RequestDraft): Promise<{ request: RequestView; hasSecrets: boolean }> {
    const { body: _body, ...shown } = withoutSecrets(draft);
    if (!hasSecrets(draft)) {
      await this.forget(id);
      return { request: shown, hasSecrets: false };
    }
    if (this.#vault.kind === 'memory') this.#inMemory.set(id, draft);
    else await this.#shards.put(id, this.#vault.seal(JSON.stringify(draft)));
    return { request: shown, hasSecrets: true };
  }

  /** They are there; whether they can be unsealed is seen then. */
  has(id: string): boolean {
    return this.#inMemory.has(id) || this.#shards.get(id) !== undefined;
  }

  /** The request whole. @throws DownloadError E_AUTH where its secrets cannot be had any more. */
  restore(id: string, request: RequestView, hadSecrets: boolean): RequestDraft {
    if (!hadSecrets) return withSecretsOf(request, { url: request.url });
    const held = this.#inMemory.get(id);
    if (held) return held;
    try {
      const sealed = this.#shards.get(id);
      if (sealed !== undefined) return JSON.parse(this.#vault.unseal(sealed)) as RequestDraft;
    } catch {
      // Sealed by a key that is not here any more.
    }
    throw new DownloadError('E_AUTH', secretsLost);
  }

  async forget(id: string): Promise<void> {
    this.#inMemory.delete(id);
    await this.#shards.remove(id);
  }

  flush(): Promise<void> {
    return this.#shards.flush();
  }
}
