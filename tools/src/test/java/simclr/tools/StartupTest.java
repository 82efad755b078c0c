package simclr.tools;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Loading TensorFlow takes seconds; whoever only asks or mistypes does not wait for it. */
final class StartupTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({"run --help, 0", "--version, 0", "run --temprature=1, 2", "run --temperature=0, 2"})
  void answersWithoutAClassOfTensorFlow(String line, int status) throws Exception {
    Path log = dir.resolve("classes.log");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
                "-Xlog:class+load:file=" + log,
                "-cp",
                System.getProperty("java.class.path", ""),
                "simclr.tools.Main"));
    command.addAll(List.of(line.split(" ")));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(status);
    assertThat(loaded(log))
        .anyMatch(name -> name.contains(" simclr.config.RunConfig ") || line.equals("--version"))
        .noneMatch(name -> name.contains("org.tensorflow"));
  }

  private static List<String> loaded(Path log) throws IOException {
    return Files.readAllLines(log);
  }
}
