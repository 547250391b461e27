// `--format coco`: every tracked face as a COCO annotation, for annotation tools and detectors.
import { type EpisodeArtifacts, frameSeconds, identityOfTrack, storedBox } from './episode.js';
import { round6 } from '../stage/artifacts.js';

/**
 * One category, `face`; an image a frame that has a face, under the name that `ffmpeg -noautorotate
 * -i video -start_number 0 %06d.jpg` would give it. Beyond COCO's own keys an annotation says its
 * `track_id`, its `identity_id` where the track has one, and its `score`.
 */
export function episodeCoco({ frames, tracks, identities, screentime }: EpisodeArtifacts): string {
  const owner = identityOfTrack(identities);
  const faces = tracks
    .flatMap((track) =>
      track.frames.map(([index, box, score]) => ({ index, track: track.track_id, box: storedBox(frames, box), score })),
    )
    .sort((a, b) => a.index - b.index || (a.track < b.track ? -1 : 1));
  const images = [...new Set(faces.map(({ index }) => index))].map((index) => ({
    id: index + 1,
    file_name: `${String(index).padStart(6, '0')}.jpg`,
    width: frames.stored_width,
    height: frames.stored_height,
    frame_idx: index,
    ts_s: round6(frameSeconds(frames, index)),
  }));
  const annotations = faces.map(({ index, track, box: { x, y, w, h }, score }, at) => {
    const identity = owner.get(track);
    return {
      id: at + 1,
      image_id: index + 1,
      category_id: 1,
      bbox: [x, y, w, h],
      area: round6(w * h),
      iscrowd: 0,
      score,
      track_id: track,
      ...(identity !== undefined && { identity_id: identity }),
    };
  });
  const categories = [{ id: 1, name: 'face', supercategory: 'person' }];
  const info = { description: `Faces of ${screentime.ep_id}` };
  return `${JSON.stringify({ info, categories, images, annotations })}\n`;
}
