import {
  type AttemptRequest,
  type BackendTimings,
  countOf,
  DriverFailure,
  type DriverResult,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from '@switchyard/drivers';
import { usageOf } from './driver-usage.js';

/** The result of an answer in one piece; throws where it is no answer to the attempt's dialect. */
export function resultOfWhole(attempt: AttemptRequest, body: JsonObject): DriverResult {
  const listed = attempt.dialect === 'openai.embedding' ? body.data : body.choices;
  if (!Array.isArray(listed)) {
    throw new DriverFailure(
      'upstream_protocol',
      'the backend answered with JSON that is no answer',
    );
  }
  const first = listed[0];
  const reason = isJsonObject(first) ? first.finish_reason : undefined;
  return {
    kind: 'result',
    body,
    ...usageOf(body, attempt),
    finishReason: typeof reason === 'string' ? reason : '',
    backendModel: typeof body.model === 'string' ? body.model : attempt.model,
    timings: timingsOf(body.timings),
  };
}

/** llama.cpp's `timings`. */
export function timingsOf(timings: JsonValue | undefined): BackendTimings | undefined {
  if (!isJsonObject(timings)) return undefined;
  return { promptMs: countOf(timings.prompt_ms), generationMs: countOf(timings.predicted_ms) };
}
