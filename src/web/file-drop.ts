/** Files that are dropped on the page or pasted into it. */

/** The source for a file. Unknown types are opened as an image, which then reports the error. */
export function sourceForFile({ type }: Pick<File, 'type'>): 'video' | 'picture' {
  return type.startsWith('video/') ? 'video' : 'picture';
}

/** Calls `listener` with the first file of each drop or paste, anywhere on the page. */
export function onFileDrop(listener: (file: File) => void): void {
  const { body } = document;
  const showTarget = (isOver: boolean) => body.toggleAttribute('data-file-over', isOver);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  document.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    // Otherwise the browser navigates to the file.
    event.preventDefault();
    showTarget(true);
  });
  document.addEventListener('dragleave', (event) => {
    // `dragleave` fires for every element crossed; only on leaving the window is there no related target.
    if (event.relatedTarget === null) showTarget(false);
  });
  document.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    showTarget(false);
    withFirst(event.dataTransfer?.files, listener);
  });
  document.addEventListener('paste', (event) => withFirst(event.clipboardData?.files, listener));
}

function withFirst(files: FileList | undefined, listener: (file: File) => void): void {
  const file = files?.[0];
  if (file) listener(file);
}
