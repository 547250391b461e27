// What the build's thread and its workers say to each other.
import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from '../base/plain-error.js';
import type { RunResult } from '../engine/job.js';
import type { HwaccelTrial } from '../media/hwaccel.js';
import type { DecoderTool } from '../media/tools.js';
import type { ChunkOrder, ModelOrder, ModelRole } from './chunk-work.js';

/** `member` is a chunk's place among those that run together. */
export type ToWorker =
  | { readonly kind: 'run'; readonly orders: readonly ChunkOrder[]; readonly tools: DecoderTool | undefined }
  | { readonly kind: 'stop'; readonly member: number; readonly reason: PlainError }
  | { readonly kind: 'model'; readonly member: number; readonly order: ModelOrder }
  | { readonly kind: 'no-model'; readonly member: number; readonly error: PlainError }
  | { readonly kind: 'hwaccel'; readonly id: number; readonly method: string | undefined }
  | { readonly kind: 'no-hwaccel'; readonly id: number; readonly error: PlainError }
  | { readonly kind: 'device-port'; readonly port: MessagePort | undefined };

export type FromWorker =
  | { readonly kind: 'progress'; readonly member: number; readonly done: number; readonly total: number }
  | { readonly kind: 'model'; readonly member: number; readonly role: ModelRole }
  | { readonly kind: 'device-port' }
  | { readonly kind: 'hwaccel'; readonly id: number; readonly asked: Parameters<HwaccelTrial> }
  | { readonly kind: 'done'; readonly results: readonly PlainResult[] };

export type PlainResult = { readonly result: RunResult } | { readonly error: PlainError };
