// Where each kind of artifact lies under the data root: the one place that knows (contract 4).
// The names and the layout are those of the Python engine that this program succeeds.

/** Kinds of artifact and the path of each, with `{ep}` for the episode; a folder ends with `/`. */
export const artifactPatterns = {
  video: 'videos/{ep}/episode.mp4',
  frames_index: 'manifests/{ep}/frames.json',
  scenes: 'manifests/{ep}/scenes.json',
  detections: 'manifests/{ep}/detections.jsonl',
  tracks: 'manifests/{ep}/tracks.jsonl',
  faces: 'manifests/{ep}/faces.jsonl',
  faces_embeddings: 'manifests/{ep}/faces_embeddings.npy',
  track_reps: 'manifests/{ep}/track_reps.jsonl',
  identities: 'manifests/{ep}/identities.json',
  screentime: 'manifests/{ep}/screentime.json',
  frames_root: 'frames/{ep}/',
  crops_dir: 'frames/{ep}/crops/',
  thumbs_dir: 'frames/{ep}/thumbs/',
  report: 'reports/{ep}/index.html',
  edits: 'manifests/{ep}/edits.yaml',
  ids: 'manifests/{ep}/ids.json',
} as const;

/** The kinds by name, for programs that would rather not write them as text. */
export const ArtifactKind = {
  Video: 'video',
  FramesIndex: 'frames_index',
  Scenes: 'scenes',
  Detections: 'detections',
  Tracks: 'tracks',
  Faces: 'faces',
  FacesEmbeddings: 'faces_embeddings',
  TrackReps: 'track_reps',
  Identities: 'identities',
  Screentime: 'screentime',
  FramesRoot: 'frames_root',
  CropsDir: 'crops_dir',
  ThumbsDir: 'thumbs_dir',
  Report: 'report',
  Edits: 'edits',
  Ids: 'ids',
} as const satisfies Readonly<Record<string, keyof typeof artifactPatterns>>;
/** One of the kinds. */
export type ArtifactKind = (typeof ArtifactKind)[keyof typeof ArtifactKind];

/** Path of an artifact relative to the data root, with `/`. */
export function artifactPath(ep: string, kind: ArtifactKind): string {
  return artifactPatterns[kind].replaceAll('{ep}', ep);
}
