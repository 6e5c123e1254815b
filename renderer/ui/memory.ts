/** Where this browser keeps a word or two for the page. */
import type { Memory } from '../state/view.ts';

/** Storage may be closed to the page; then it forgets. */
export const memory: Memory = {
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Nothing depends on it.
    }
  },
};
