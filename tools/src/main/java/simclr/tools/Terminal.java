package simclr.tools;

import java.io.PrintWriter;
import simclr.config.Reporter;

/**
 * Standard error as a reporter: lines that stay and, on a terminal, a last line that is redrawn in
 * place.
 */
final class Terminal implements Reporter {
  /** Erases from the cursor to the end of the line; a shorter status leaves nothing behind. */
  private static final String ERASE = "\r\033[K";

  private final PrintWriter err;
  private final boolean terminal;
  private final int columns;
  private boolean statusShown;

  /**
   * @param columns width of the terminal; a longer status would wrap and could not be redrawn
   */
  Terminal(PrintWriter err, boolean terminal, int columns) {
    this.err = err;
    this.terminal = terminal;
    this.columns = columns;
  }

  /** For this process: a terminal if the start script found one on standard error. */
  static Terminal of(PrintWriter err) {
    // Java 17 can only say whether input and output are both a terminal, so the script looks.
    return new Terminal(
        err, Boolean.getBoolean("simclr.terminal"), Integer.getInteger("simclr.columns", 80));
  }

  @Override
  public synchronized void line(String line) {
    erase();
    err.println(line);
    err.flush();
  }

  @Override
  public synchronized void status(String status) {
    erase();
    if (!status.isEmpty()) {
      err.print(status.length() < columns ? status : status.substring(0, columns - 1));
      statusShown = true;
    }
    err.flush();
  }

  @Override
  public boolean terminal() {
    return terminal;
  }

  private void erase() {
    if (statusShown) {
      err.print(ERASE);
      statusShown = false;
    }
  }
}
