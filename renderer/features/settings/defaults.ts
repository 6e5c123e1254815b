/** Numbers of the settings' schema, to be shown. Said again here because the schema's library would make code of strings, which the
 * page's policy forbids; a test compares them with the schema's. */
export const shownDefaults = { connections: 8, activeDownloads: 4, connectionsPerHost: 16, retries: 10 } as const;
/** Of one category: how many address patterns, and how long each may be. */
export const shownLimits = { patterns: 50, patternCharacters: 1000 } as const;
