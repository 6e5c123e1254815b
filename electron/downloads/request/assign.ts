/** How the engine is to fetch a download: its own wishes, then its profile's, then the settings'. */
import type { Assignment, ListedDownload } from '#downloads/list/listed-download';
import type { Configuration } from '#downloads/store/configuration';
import { systemCertificates } from '#engine';
import { parseChecksum } from '#shared/checksum';
import type { Checksum } from '#shared/download';
import type { Priority } from '#shared/rows';
import type { Profile } from '#shared/settings';
import { compose } from './compose.ts';
import { profileOf } from './profiles.ts';

/** Shares of a common limit. */
const weights: Record<Priority, number> = { low: 50, normal: 100, high: 200 };

function checksumOf(text: string | undefined): Checksum | undefined {
  if (text === undefined || text === '') return undefined;
  const parsed = parseChecksum(text);
  return parsed.ok ? parsed.checksum : undefined;
}

/** The profile that applies to it. */
function profileFor({ record, host }: ListedDownload, { profiles }: Configuration): Profile | undefined {
  return profiles.length === 0 ? undefined : profileOf(profiles, host.replace(/:\d+$/, ''), record.profile)?.profile;
}

export function connectionsOf(listed: ListedDownload, configuration: Configuration): number {
  return listed.record.connections ?? profileFor(listed, configuration)?.connections ?? configuration.settings.connections;
}

export function assignmentOf(listed: ListedDownload, configuration: Configuration): Assignment {
  const { record, draft } = listed;
  const { settings } = configuration;
  const profile = profileFor(listed, configuration);
  const { request } = compose(draft, profile, settings);
  const staging = settings.stagingDirectory === '' ? record.directory : settings.stagingDirectory;
  const checksum = checksumOf(record.checksum);
  return {
    request: { ...request, ...(settings.systemCertificates && { ca: systemCertificates() }) },
    target: {
      directory: record.partDirectory ?? staging,
      ...(record.name !== undefined && { name: record.name }),
      ifExists: record.ifExists ?? settings.ifExists,
    },
    options: {
      connections: connectionsOf(listed, configuration),
      limitBytesPerSecond: record.limitBytesPerSecond ?? profile?.limitBytesPerSecond ?? 0,
      weight: weights[record.priority],
      retries: settings.retries,
      ...(checksum !== undefined && { checksum }),
    },
  };
}
