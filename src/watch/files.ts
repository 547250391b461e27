// Listens to the file system. An event is a hint that something may have changed and no more: what
// changed is found by planning again. The only importer of chokidar.
import { join } from 'node:path';
import { watch } from 'chokidar';

/** How often a file is looked at where the file system tells nothing (network mounts). */
const pollMs = 300;

/** What is listened to, of all that lies below the roots. */
export interface WatchedPaths {
  /** Existing folders, absolute, none below another. */
  readonly roots: readonly string[];
  /** Whether this file matters. */
  isWatched(absolute: string): boolean;
  /** Whether a file that matters may lie below this folder. */
  mayHold(absolute: string): boolean;
}

export interface Listening {
  close(): Promise<void>;
}

/** Listens until closed; resolves when no later edit can be missed. */
export async function listen(
  paths: WatchedPaths,
  {
    poll,
    onHint,
    onFolder,
    onError,
  }: {
    readonly poll: boolean;
    readonly onHint: (absolute: string) => void;
    /**
     * A folder came in which files that matter may lie. It is read before it is listened to, so one
     * that comes in between is missed: whoever must miss none listens anew.
     */
    readonly onFolder: () => void;
    readonly onError: (error: unknown) => void;
  },
): Promise<Listening> {
  const watcher = watch([...paths.roots], {
    ignored: (path) => !paths.isWatched(path) && !paths.mayHold(path),
    ignoreInitial: true,
    usePolling: poll,
    interval: pollMs,
    binaryInterval: pollMs,
  });
  const hint = (path: string): void => {
    if (paths.isWatched(path)) onHint(path);
  };
  watcher.on('all', (event, path) => {
    if (event === 'addDir') onFolder();
    hint(path);
  });
  // What the kernel says, as it says it: chokidar drops a change that follows another within 50 ms, looks
  // at the file before it tells, and of a file that is replaced may listen to the old one for a moment.
  watcher.on('raw', (_event, name: string | null, about: unknown) => {
    const { watchedPath } = about as { readonly watchedPath?: string };
    if (watchedPath === undefined) return;
    hint(watchedPath);
    if (name !== null) hint(join(watchedPath, name));
  });
  watcher.on('error', onError);
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return { close: () => watcher.close() };
}
