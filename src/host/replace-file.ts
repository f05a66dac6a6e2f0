/**
 * Replaces a file so that after a crash or power loss either the old or the new content is there, whole:
 * write a temporary file beside it, sync it, rename it over the old one, sync the directory.
 * nodes.conf, sentinel.conf, redis.conf, ACL files and AOF manifests are written this way and no other.
 */
import { DiskError, type Disk } from './host.ts';

/**
 * @param temporarySuffix makes the temporary name unique; the file is `path` + `suffix` and is removed on failure.
 * @throws DiskError, with the old file untouched.
 */
export function replaceFile(disk: Disk, path: string, content: Uint8Array, temporarySuffix: string): void {
  const temporary = path + temporarySuffix;
  const file = disk.open(temporary, 'create');
  try {
    file.appendNow(content);
    file.syncNow();
    file.close();
    disk.rename(temporary, path);
  } catch (error) {
    removeQuietly(disk, temporary);
    throw error;
  }
  disk.syncDirectory(directoryOf(path));
}

function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.unlink(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

/** The directory part of a path, `.` when it has none. Accepts both separators. */
export function directoryOf(path: string): string {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return cut < 0 ? '.' : cut === 0 ? path.slice(0, 1) : path.slice(0, cut);
}
