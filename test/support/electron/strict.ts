/** The stand-in offers only what the app calls: whoever reaches for more is told, instead of getting undefined. */
export function strict<T extends object>(name: string, value: T): T {
  return new Proxy(value, {
    get(target, key) {
      if (!(key in target) && typeof key === 'string' && !['then', 'toJSON'].includes(key)) {
        throw new Error(`the stand-in for Electron has no ${name}.${key}`);
      }
      const found: unknown = Reflect.get(target, key, target);
      return typeof found === 'function' && key !== 'constructor' ? found.bind(target) : found;
    },
    set: (target, key, set) => Reflect.set(target, key, set, target),
  });
}

/** Electron's events can be prevented. */
export function preventable<T extends object>(fields: T): T & { defaultPrevented: boolean; preventDefault(): void } {
  return {
    ...fields,
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true;
    },
  };
}
