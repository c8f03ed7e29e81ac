/** What a file's metadata says about its output format. Any thread. */
import { type BoxFormatName, boxFormatNames, type OutputFormatName } from './format-names.ts';

/** Ultralytics' name of RT-DETR's head. */
const detrHead = 'RTDETRDecoder';
const detrNames = ['detr-scores', 'detr-top-k'] as const;

/**
 * @param metadata of the file. Ultralytics writes `head` (the network's last module), `end2end`, and `args` with `nms`.
 * @param named `output_format` of `model.json`, which decides alone.
 * @returns the formats that are possible.
 */
export function namesLeftBy(
  metadata: Readonly<Record<string, string>>,
  named: OutputFormatName | undefined,
): readonly BoxFormatName[] {
  if (named !== undefined) return boxFormatNames.filter((name) => name === named);
  const { head, end2end, args } = metadata;
  if (head === detrHead) return detrNames;
  if (end2end === 'True' || /'nms': True\b/.test(args ?? '')) return ['end-to-end'];
  // A file that says how it was exported, and that it does not apply NMS.
  if (head !== undefined && args !== undefined) return ['ultralytics'];
  return boxFormatNames;
}
