// A program of somebody else's: compiled strictly against the installed package and run on a video.
import {
  artifactPath,
  ArtifactKind,
  checkArtifactsExist,
  defaultConfig,
  PipelineStage,
  ProblemError,
  runCluster,
  runDetectTrack,
  runEpisode,
  runFacesEmbed,
  runStage,
  validateConfig,
  type EpisodeRunConfig,
  type EpisodeRunResult,
  type RunEvent,
  type Stage,
} from 'screenalytics';
import { agglomerate, byteTrack, detectCuts } from 'screenalytics/algorithms';

const [, , video = ''] = process.argv;
const config: Partial<EpisodeRunConfig> = { stride: 8, cluster_thresh: 0.72, detector: 'ultralight' };
const events: RunEvent[] = [];
const controller = new AbortController();

const detected = await runDetectTrack('clip', config).catch((error: unknown) => error);
const first: EpisodeRunResult = await runEpisode('clip', video, config, {
  signal: controller.signal,
  onEvent: (event) => events.push(event),
});
const again = [
  await runDetectTrack('clip', config),
  await runFacesEmbed('clip', config),
  await runCluster('clip', config),
  await runStage(PipelineStage.Cluster, 'clip', config),
];
controller.abort();
const stopped = await runEpisode('clip', undefined, { ...config, stride: 4 }, { signal: controller.signal });
let refused: readonly string[] = [];
try {
  validateConfig({ stride: 0, clustr_thresh: 1 });
} catch (error) {
  if (error instanceof ProblemError) refused = error.problems.map(({ code }) => code);
}
const own: Stage<'stride'> = { run: ({ params }) => Promise.resolve({ stride: params.stride }) };

console.log(
  JSON.stringify({
    unknown: detected instanceof Error ? 'threw' : (detected as EpisodeRunResult).error,
    first: {
      success: first.success,
      stages: first.stages.map(({ stage, outcome }) => `${stage} ${outcome}`),
      error: first.error,
    },
    kinds: [...new Set(events.map(({ kind }) => kind))],
    again: again.map(({ success, stages }) => success && stages.every(({ outcome }) => outcome === 'fresh')),
    stopped: stopped.success,
    refused,
    exist: await checkArtifactsExist('clip'),
    path: artifactPath('clip', ArtifactKind.Identities),
    defaults: [defaultConfig().cluster_thresh, validateConfig({ stride: 3 }).stride],
    algorithms: [typeof own.run, typeof agglomerate, typeof byteTrack, typeof detectCuts],
  }),
);
