/** The tools that pipelines may use: the built-in ones, and the custom ones of a models folder. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { readTextFile } from '../models/text-file.ts';
import { builtInTools } from '../tools/built-in.ts';
import { type AnyTool, toolName } from '../tools/tool.ts';
import { describeIssue } from './graph.ts';

/** A tool, and a text that changes with its code; empty for a built-in tool. */
export interface KnownTool {
  readonly tool: AnyTool;
  readonly digest: string;
}

/** Keys of a result that the gateway writes. */
const reservedPorts = ['width', 'height', 'timings_ms', 'events_lost'];

/** @returns the sorted paths; empty if the folder does not exist. @throws ConfigError if it cannot be read. */
export function listFiles(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder)
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (cause) {
    throw new ConfigError([`${folder}: ${messageOf(cause)}`], { cause });
  }
}

/** A custom tool's module has a tool as its default export, or a function that takes `{ z }` and returns one. */
type ToolModule = { readonly default?: unknown };

/** Paths of the custom tools of a models folder. @throws ConfigError if it cannot be read. */
export function customToolFiles(modelsDir: string): string[] {
  return listFiles(join(modelsDir, 'tools'), /\.m?js$/);
}

/** @param issues receives one line per file that is no tool. @returns all tools by name. */
export async function loadTools(modelsDir: string, issues: string[]): Promise<Map<string, KnownTool>> {
  const tools = new Map<string, KnownTool>(builtInTools.map((tool) => [toolName(tool), { tool, digest: '' }]));
  for (const path of customToolFiles(modelsDir)) {
    try {
      const digest = createHash('sha256').update(readTextFile(path)).digest('hex');
      // A reload must not get the module of an earlier version of the file.
      const module = (await import(`${pathToFileURL(path)}?${statSync(path).mtimeMs}`)) as ToolModule;
      const exported = typeof module.default === 'function' ? module.default({ z }) : module.default;
      const tool = requireTool(exported);
      if (tools.has(toolName(tool))) throw new Error(`tool ${toolName(tool)} already exists`);
      tools.set(toolName(tool), { tool, digest });
    } catch (error) {
      issues.push(`${path}: ${messageOf(error)}`);
    }
  }
  return tools;
}

const aFunction = z.custom((value) => typeof value === 'function', 'must be a function');
export const aSchema = z.custom((value) => value instanceof z.ZodType, 'must be a schema created with the given z');

export function isListOfNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function hasSchema(value: unknown): boolean {
  return z.looseObject({ schema: aSchema }).safeParse(value).success;
}

const toolShape = z.looseObject({
  pluginId: z.string().min(1),
  toolId: z.string().min(1),
  description: z.string(),
  inputs: z.custom((value) => typeof value === 'function' || isListOfNames(value), 'must be a list of ports'),
  outputs: z.array(z.string().refine((port) => !reservedPorts.includes(port), 'is a reserved result key')),
  failureDetail: z.string().min(1),
  params: aSchema,
  state: z.custom((value) => typeof value === 'function' || hasSchema(value), 'must have a schema').optional(),
  create: aFunction,
  check: aFunction.optional(),
  zones: aFunction.optional(),
});

function requireTool(exported: unknown): AnyTool {
  const checked = toolShape.safeParse(exported);
  if (!checked.success) throw new Error(`invalid tool: ${checked.error.issues.map(describeIssue).join('; ')}`);
  return exported as AnyTool;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
