/** Files that are dropped on the page or pasted into it, instead of chosen by a button. */

/** Which source reads a file; what is neither shows as an unreadable picture. */
export function sourceOfFile({ type }: Pick<File, 'type'>): 'video' | 'picture' {
  return type.startsWith('video/') ? 'video' : 'picture';
}

/** Calls `take` with the first file of each drop or paste, anywhere on the page. */
export function takeHandedFiles(take: (file: File) => void): void {
  const { body } = document;
  const showTarget = (isOver: boolean) => body.toggleAttribute('data-file-over', isOver);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  document.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    // Otherwise the browser leaves the page and opens the file itself.
    event.preventDefault();
    showTarget(true);
  });
  document.addEventListener('dragleave', (event) => {
    // It also leaves each element that it crosses; only out of the window there is nothing that it enters.
    if (event.relatedTarget === null) showTarget(false);
  });
  document.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    showTarget(false);
    takeFirst(event.dataTransfer?.files, take);
  });
  document.addEventListener('paste', (event) => takeFirst(event.clipboardData?.files, take));
}

function takeFirst(files: FileList | undefined, take: (file: File) => void): void {
  const file = files?.[0];
  if (file) take(file);
}
