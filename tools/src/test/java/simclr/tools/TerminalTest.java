package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class TerminalTest {
  private static final String ERASE = "\r\033[K";

  private final StringWriter screen = new StringWriter();
  private final Terminal terminal = new Terminal(new PrintWriter(screen, true), true, 10);

  @Test
  void statusIsRedrawnInPlace() {
    terminal.status("step 1");
    terminal.status("step 2");
    assertThat(screen).hasToString("step 1" + ERASE + "step 2");
  }

  @Test
  void lineStaysAboveTheStatus() {
    terminal.status("step 1");
    terminal.line("saved");
    terminal.status("step 2");
    assertThat(screen).hasToString("step 1" + ERASE + "saved\nstep 2");
  }

  @Test
  void emptyStatusLeavesNothing() {
    terminal.status("step 1");
    terminal.status("");
    terminal.line("done");
    assertThat(screen).hasToString("step 1" + ERASE + "done\n");
  }

  @Test
  void statusIsCutBeforeItWraps() {
    terminal.status("0123456789abc");
    assertThat(screen).hasToString("012345678");
  }
}
