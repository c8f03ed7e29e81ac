/** What a tool is: one step of a pipeline with typed ports. Users write their own against this file. */
import type { z } from 'zod';
import type { Image } from '../models/image.ts';
import type { ModelInfo } from '../models/onnx-model.ts';
import type { Detection } from '../protocol.ts';

/**
 * Values that travel between nodes, by port name. These names have fixed types; a tool may add others, which must be
 * plain JSON. Everything but `image` reaches the peer in the result.
 */
export interface Ports {
  /** The picture to work on: the frame itself unless a predecessor gave another. Its buffer is reused after the frame. */
  readonly image: Image;
  readonly detections?: readonly Detection[];
  readonly text?: string;
  readonly text_score?: number;
  readonly [port: string]: unknown;
}

/** What a tool hands on; a port left out keeps the value it had. */
export type PortValues = Partial<Ports>;

/** A tool's instance: made once per thread for each node, used for one frame at a time. */
export interface ToolInstance {
  /** Models it holds, for `/readyz`. */
  readonly models?: readonly ModelInfo[];
  /** Runs on one frame. What it throws becomes `pipeline_failure` with the tool's `failureDetail`. */
  run(inputs: Ports): PortValues | Promise<PortValues>;
  /** Runs whatever is slow the first time, so that no frame pays for it. */
  warm?(): Promise<void>;
  /** Gives back what the garbage collector cannot: native sessions, threads. */
  close?(): Promise<void>;
}

/** What a tool may know of the server. */
export interface ToolContext {
  /** Where models live, absolute. */
  readonly modelsDir: string;
  /** Execution providers in the order to try. */
  readonly providers: readonly string[];
  /** Logs a warning that does not stop the start, such as a deprecated param. Absent in worker threads, which check the same files again. */
  warn?(line: string): void;
}

export interface Tool<Params = unknown> {
  readonly pluginId: string;
  readonly toolId: string;
  readonly description: string;
  /** Ports that must be there; `image` always is. */
  readonly inputs: readonly string[];
  /** Ports that `run` gives. */
  readonly outputs: readonly string[];
  /** What the peer reads when `run` throws, e.g. `YOLO inference failed`. */
  readonly failureDetail: string;
  /** Checks a node's `params`, and fills in defaults. */
  readonly params: z.ZodType<Params>;
  /** Faults that can be seen without loading anything, such as a missing file: one line each. */
  check?(params: Params, context: ToolContext): readonly string[];
  /** Loads what the tool needs; called once per thread for each node. */
  create(params: Params, context: ToolContext): Promise<ToolInstance>;
}

/** Writes a tool with its params' type inferred from the schema. */
export function defineTool<Params>(tool: Tool<Params>): Tool<Params> {
  return tool;
}

/** How a pipeline names a tool: `yolo.detect_objects`. */
export function toolName(tool: { readonly pluginId: string; readonly toolId: string }): string {
  return `${tool.pluginId}.${tool.toolId}`;
}
