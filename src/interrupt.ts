/**
 * Runs `work` with a signal that Ctrl-C or SIGTERM aborts; a second one ends the process as usual.
 *
 * @param reason what the aborted signal gives as its reason
 */
export async function untilInterrupted<T>(
  work: (signal: AbortSignal) => Promise<T>,
  reason?: Error,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    forget();
    controller.abort(reason);
  };
  const forget = () => process.off('SIGINT', stop).off('SIGTERM', stop);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    forget();
  }
}

/** Runs the program `name`: an error is printed and makes its exit code 1, an interruption 130. */
export function runProgram(name: string, work: (signal: AbortSignal) => Promise<void>): void {
  void untilInterrupted(async signal => {
    try {
      await work(signal);
    } catch (error) {
      console.error(signal.aborted ? `\n${name}: interrupted` : (error as Error).message);
      process.exitCode = signal.aborted ? 130 : 1;
    }
  });
}
