/** The numbers that the settings begin with, to be shown. Said again here because the schema's library would make code of strings,
 * which the page's policy forbids; a test compares them with the schema's. */
export const shownDefaults = { connections: 8, activeDownloads: 4, connectionsPerHost: 16, retries: 10 } as const;
