/** What a complete language is: the same keys as English, whatever the words. */
import type { en } from './en/index.ts';

type Widened<T> = { readonly [K in keyof T]: T[K] extends string ? string : Widened<T[K]> };

export type Texts = Widened<typeof en>;
