/** Room on the disk that holds a folder, bytes. */
export interface DiskSpace {
  /** What this program may still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}
