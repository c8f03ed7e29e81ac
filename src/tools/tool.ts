/** The tool interface: one step of a pipeline with typed ports. Custom tools implement it; packages import it as `framegate/tool`. */
import type { z } from 'zod';
import type { Image } from '../models/image.ts';
import type { ModelLoader } from '../models/model.ts';
import type { ModelInfo } from '../models/model-info.ts';
import type { ClassScore, Detection, SceneCounts, SceneEvent, Track, Zone } from '../protocol.ts';
import type { Clock } from '../session-state.ts';

export type { Clock } from '../session-state.ts';

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
  readonly tracks?: readonly Track[];
  /** What happened in this frame. The lists of all nodes are joined in the result. */
  readonly events?: readonly SceneEvent[];
  readonly counts?: SceneCounts;
  readonly [port: string]: unknown;
}

/** What a tool returns. An omitted port keeps its previous value. */
export type PortValues = Partial<Ports>;

/** What a tool with state is told besides its inputs. */
export interface Moment<State> {
  /** As returned for the session's last frame that was processed; the initial state for its first one, and after the tool has changed. */
  readonly state: State;
  readonly clock: Clock;
}

/** What a session keeps for a tool between frames. It travels with the frames to any worker or host, so it is plain JSON, and small. */
export interface ToolState<State = unknown> {
  /** Checks every state that the tool returns. */
  readonly schema: z.ZodType<State>;
  readonly initial: State;
  /** Increase it when the same JSON gets another meaning: sessions then start anew. A custom tool's file counts as well. */
  readonly version?: number;
}

/** What a tool with state returns. */
export interface Step<State> {
  readonly outputs: PortValues;
  readonly state: State;
}

interface InstanceParts {
  /** Models for `/readyz` that the tool did not load from its context. */
  readonly models?: readonly ModelInfo[];
  /** Runs everything that is slow the first time, before the first frame. */
  warm?(): Promise<void>;
  /** Releases resources that the garbage collector cannot, such as threads. Models of the context are released afterwards. */
  close?(): Promise<void>;
}

/** A tool's instance: created once per node and thread, and used for one frame at a time, of any session. */
export interface ToolInstance extends InstanceParts {
  /** Processes one frame. An exception becomes `pipeline_failure` with the tool's `failureDetail`. */
  run(inputs: Ports): PortValues | Promise<PortValues>;
}

/** An instance of a tool with state. It keeps nothing of a session itself. */
export interface StatefulInstance<State> extends InstanceParts {
  run(inputs: Ports, moment: Moment<State>): Step<State> | Promise<Step<State>>;
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

/** A value, or how it follows from a node's params. */
export type FromParams<Params, Value> = Value | ((params: Params) => Value);

export interface Tool<Params = unknown> {
  readonly pluginId: string;
  readonly toolId: string;
  readonly description: string;
  /** Required ports; `image` is always present. */
  readonly inputs: FromParams<Params, readonly string[]>;
  /** Ports that `run` returns. */
  readonly outputs: readonly string[];
  /** `detail` of the error that the client gets if `run` throws, e.g. `YOLO inference failed`. */
  readonly failureDetail: string;
  /** Schema that validates a node's `params` and fills in defaults. */
  readonly params: z.ZodType<Params>;
  /** What a client may draw over the picture, for `GET /pipelines`. */
  zones?(params: Params): readonly Zone[];
  /** Returns issues that can be found without loading anything, such as a missing file: one line each. */
  check?(params: Params, context: ToolContext): readonly string[];
  /** Loads what the tool needs. Called once per node and thread. */
  create(params: Params, context: ToolContext): Promise<ToolInstance>;
}

/** A tool that keeps state for each session. A session then has one frame in flight. */
export interface StatefulTool<Params = unknown, State = unknown> extends Omit<Tool<Params>, 'create'> {
  /** Undefined for params with which the tool has no state. */
  readonly state: FromParams<Params, ToolState<State> | undefined>;
  /** As for a tool without state. Returns a {@link StatefulInstance} if it has state with these params. */
  create(params: Params, context: ToolContext): Promise<StatefulInstance<State> | ToolInstance>;
}

export type AnyTool = Tool | StatefulTool;

/** Defines a tool whose params type is inferred from the schema. */
export function defineTool<Params>(tool: Tool<Params>): Tool<Params> {
  return tool;
}

/** Defines a tool with state. */
export function defineStatefulTool<Params, State>(tool: StatefulTool<Params, State>): StatefulTool<Params, State> {
  return tool;
}

/** A tool's name as used in pipeline files: `yolo.detect_objects`. */
export function toolName(tool: { readonly pluginId: string; readonly toolId: string }): string {
  return `${tool.pluginId}.${tool.toolId}`;
}
