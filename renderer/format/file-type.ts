/** What kind of file a name says it is: for the icon, not for any decision. */
export const fileTypes = ['video', 'audio', 'image', 'document', 'archive', 'program', 'disk', 'code', 'other'] as const;
export type FileType = (typeof fileTypes)[number];

const extensions: Record<Exclude<FileType, 'other'>, string> = {
  video: 'mp4 mkv webm avi mov m4v ts flv wmv',
  audio: 'mp3 flac ogg opus m4a wav aac',
  image: 'jpg jpeg png gif webp avif svg bmp tif tiff heic psd',
  document: 'pdf epub doc docx xls xlsx ppt pptx odt ods txt md csv rtf mobi',
  archive: 'zip 7z rar tar gz tgz xz zst bz2 lz4 cab jar',
  program: 'exe msi dmg deb rpm appimage apk pkg flatpak snap',
  disk: 'iso img qcow2 vmdk vhd vhdx',
  code: 'js json xml html css py c cpp h rs go java sql sh wasm',
};

const byExtension = new Map(
  Object.entries(extensions).flatMap(([type, words]) => words.split(' ').map((word) => [word, type as FileType] as const)),
);

export function fileTypeOf(name: string): FileType {
  const dot = name.lastIndexOf('.');
  return (dot > 0 && byExtension.get(name.slice(dot + 1).toLowerCase())) || 'other';
}
