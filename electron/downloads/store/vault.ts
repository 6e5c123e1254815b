/** Where secrets are kept: sealed by the system's key store, by a key file only this user can read, or not beyond this run. */
export interface Vault {
  readonly kind: 'sealed' | 'file' | 'memory';
  seal(text: string): string;
  /** Throws where it was sealed by another key. */
  unseal(sealed: string): string;
}
