/** The tool interface: one step of a pipeline with typed ports. Custom tools implement it; packages import it as `framegate/tool`. */
import type { z } from 'zod';
import type { Image } from '../models/image.ts';
import type { ModelLoader } from '../models/model.ts';
import type { ModelInfo } from '../models/model-info.ts';
import type { ClassScore, Detection } from '../protocol.ts';

/**
 * Values passed between nodes, by port name. These ports have fixed types. A tool may add others, which must be plain JSON.
 * Every port except `image` is sent to the client in the result.
 */
export interface Ports {
  /** The image to process: the frame, unless a predecessor returned another image. Its buffer is reused after the frame. */
  readonly image: Image;
  readonly detections?: readonly Detection[];
  readonly text?: string;
  readonly text_score?: number;
  readonly classes?: readonly ClassScore[];
  readonly keypoint_names?: readonly string[];
  readonly [port: string]: unknown;
}

/** What a tool returns. An omitted port keeps its previous value. */
export type PortValues = Partial<Ports>;

/** A tool's instance: created once per node and thread, and used for one frame at a time. */
export interface ToolInstance {
  /** Models for `/readyz` that the tool did not load from its context. */
  readonly models?: readonly ModelInfo[];
  /** Processes one frame. An exception becomes `pipeline_failure` with the tool's `failureDetail`. */
  run(inputs: Ports): PortValues | Promise<PortValues>;
  /** Runs everything that is slow the first time, before the first frame. */
  warm?(): Promise<void>;
  /** Releases resources that the garbage collector cannot, such as threads. Models of the context are released afterwards. */
  close?(): Promise<void>;
}

/** What a tool gets from the gateway. */
export interface ToolContext {
  /** Loads models. */
  readonly models: ModelLoader;
  /** Absolute path of the models folder. */
  readonly modelsDir: string;
  /** Execution providers, in the order in which to try them. */
  readonly providers: readonly string[];
  /** Logs a warning that does not prevent startup, such as a deprecated param. Absent in worker threads, which check the same files again. */
  warn?(line: string): void;
}

export interface Tool<Params = unknown> {
  readonly pluginId: string;
  readonly toolId: string;
  readonly description: string;
  /** Required ports; `image` is always present. */
  readonly inputs: readonly string[];
  /** Ports that `run` returns. */
  readonly outputs: readonly string[];
  /** `detail` of the error that the client gets if `run` throws, e.g. `YOLO inference failed`. */
  readonly failureDetail: string;
  /** Schema that validates a node's `params` and fills in defaults. */
  readonly params: z.ZodType<Params>;
  /** Returns issues that can be found without loading anything, such as a missing file: one line each. */
  check?(params: Params, context: ToolContext): readonly string[];
  /** Loads what the tool needs. Called once per node and thread. */
  create(params: Params, context: ToolContext): Promise<ToolInstance>;
}

/** Defines a tool whose params type is inferred from the schema. */
export function defineTool<Params>(tool: Tool<Params>): Tool<Params> {
  return tool;
}

/** A tool's name as used in pipeline files: `yolo.detect_objects`. */
export function toolName(tool: { readonly pluginId: string; readonly toolId: string }): string {
  return `${tool.pluginId}.${tool.toolId}`;
}
