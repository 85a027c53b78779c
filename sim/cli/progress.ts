const BAR = 30;

/** Shows how far long work has come, on a terminal. @param done 0 to 1 */
export function showProgress(done: number): void {
  const filled = Math.round(done * BAR);
  process.stderr.write(`\r[${"#".repeat(filled)}${".".repeat(BAR - filled)}] ${Math.round(done * 100)} %`);
}
