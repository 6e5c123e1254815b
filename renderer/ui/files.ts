/** Files in and out of the page. */
export interface ReadFile {
  readonly name: string;
  readonly text: string;
}

/** More than a list of links can be. */
export const largestFileBytes = 16 * 1024 * 1024;

/** Lets the person choose files; none where the choice was dropped. */
export function pickFiles(accept: string): Promise<ReadFile[]> {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.accept = accept;
  return new Promise((resolve) => {
    input.onchange = () => resolve(readFiles([...(input.files ?? [])]));
    input.oncancel = () => resolve([]);
    input.click();
  });
}

/** Those that are too large to be lists of links are left out. */
export function readFiles(files: readonly File[]): Promise<ReadFile[]> {
  const small = files.filter(({ size }) => size <= largestFileBytes);
  return Promise.all(small.map(async (file) => ({ name: file.name, text: await file.text() })));
}

export function saveText(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
