// Which frames an episode run processes: one rule for detection, tracking and screen time.

/**
 * Every n-th frame is processed. A wanted rate wins over `stride`: the step that comes closest
 * to it, never below 1. `fps` is the mean rate in frames.json.
 */
export function processingStride(
  params: { readonly stride: number; readonly target_fps: number | null },
  fps: number,
): number {
  return params.target_fps === null ? params.stride : Math.max(1, Math.round(fps / params.target_fps));
}
