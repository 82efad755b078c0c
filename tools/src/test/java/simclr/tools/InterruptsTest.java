package simclr.tools;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What Ctrl-C, {@code kill} and a cluster's scheduler send. */
@EnabledOnOs({OS.LINUX, OS.MAC})
final class InterruptsTest {
  @TempDir Path dir;

  /** Of this process TERM only: where the tests run in the background it ignores INT. */
  @Test
  void firstSignalAsksToStop() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (Interrupts interrupts = Interrupts.install(asked::countDown)) {
      assertThat(interrupts.status()).isEmpty();
      send("TERM", ProcessHandle.current().pid());
      assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(interrupts.status()).hasValue(143);
    }
  }

  @Test
  @Tag("slow")
  void interruptedRunSavesAndTheSecondSignalDoesNotWait() throws Exception {
    Process run = start();
    BufferedReader lines = run.errorReader();
    awaitLine(lines, "Completed: ");
    send("TERM", run.pid());
    lines.lines().forEach(line -> {});
    assertThat(run.waitFor()).isEqualTo(143);
    assertThat(dir.resolve("checkpoint")).exists();
    assertThat(new String(run.getInputStream().readAllBytes(), UTF_8))
        .startsWith("{\"outcome\":\"interrupted\"");

    String saved = Files.readString(dir.resolve("checkpoint"));
    Process again = start();
    BufferedReader linesAgain = again.errorReader();
    // Building the graph takes seconds in which no step can end: the first signal has to wait.
    awaitLine(linesAgain, "# train examples");
    send("INT", again.pid());
    awaitLine(linesAgain, "stopping: ");
    send("INT", again.pid());
    assertThat(again.waitFor()).isEqualTo(130);
    assertThat(Files.readString(dir.resolve("checkpoint"))).isEqualTo(saved);
  }

  private Process start() throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                // in the background SIGINT is ignored, and Java keeps it so
                "env",
                "--default-signal=INT,TERM",
                Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path", ""),
                "simclr.tools.Main",
                "pretrain",
                "--json",
                "--dataset=synthetic",
                "--model_dir=" + dir,
                "--train_batch_size=4",
                "--train_steps=100000",
                "--checkpoint_steps=2",
                "--resnet_depth=18",
                "--image_size=32",
                "--nouse_blur"));
    return new ProcessBuilder(command).start();
  }

  private static void awaitLine(BufferedReader lines, String start) throws IOException {
    List<String> seen = new ArrayList<>();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      seen.add(line);
      if (line.startsWith(start)) {
        return;
      }
    }
    throw new AssertionError("no line begins with \"" + start + "\": " + seen);
  }

  private static void send(String signal, long process) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process)).start();
    assertThat(kill.waitFor()).isEqualTo(0);
  }
}
