package simclr.tools;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes whose standard output, or whose cache of native libraries, cannot be written. */
@EnabledOnOs(OS.LINUX)
final class OutputTest {
  @TempDir Path dir;

  private record Finished(int status, String err) {}

  @ParameterizedTest
  @ValueSource(strings = {"--help", "--version", "probe --help", "--json compare EVAL EVAL"})
  void fullDiskUnderStandardOutputIsNamed(String line) throws Exception {
    Finished finished = finish(java(List.of(), arguments(line)), new File("/dev/full"));
    assertThat(finished.err())
        .isEqualTo(
            "simclr: standard output cannot be written (No space left on device), expected room"
                + " for the result\n");
    assertThat(finished.status()).isEqualTo(73);
  }

  @Test
  void failureOfTheCommandItselfKeepsItsStatus() throws Exception {
    Finished finished = finish(java(List.of(), List.of("probe", "--none")), new File("/dev/full"));
    assertThat(finished.status()).isEqualTo(2);
    assertThat(finished.err()).contains("--none is not a flag").hasLineCount(1);
  }

  @Test
  void closedPipeEndsQuietly() throws Exception {
    ProcessBuilder builder = java(List.of(), List.of("run", "--help"));
    builder.redirectError(dir.resolve("err").toFile());
    Process process = builder.start();
    process.getInputStream().close();
    assertThat(process.waitFor()).isEqualTo(141);
    assertThat(dir.resolve("err")).isEmptyFile();
  }

  /** A file in place of the directories stops root too. */
  @Test
  void cacheThatCannotBeMadeIsNamed() throws Exception {
    Path file = Files.createFile(dir.resolve("file"));
    Finished finished =
        finish(
            java(List.of("-Duser.home=" + file, "-Djava.io.tmpdir=" + file), usingTensorFlow()),
            dir.resolve("out").toFile());
    assertThat(finished.err())
        .startsWith(
            "simclr: TensorFlow's native library cannot be unpacked into "
                + file.resolve(".javacpp/cache"))
        .contains("690 MB", "-Dorg.bytedeco.javacpp.cachedir=DIR")
        .hasLineCount(1);
    assertThat(finished.status()).isEqualTo(73);
  }

  @ParameterizedTest
  @ValueSource(strings = {"size=50m", "noexec"})
  void cacheThatIsFullOrMayNotExecuteIsNamed(String option) throws Exception {
    Path cache = Files.createDirectory(dir.resolve("cache"));
    String mount = "mount -t tmpfs -o " + option + " tmpfs '" + cache + "'";
    assumeTrue(new ProcessBuilder("unshare", "-rm", "sh", "-c", mount).start().waitFor() == 0);
    List<String> command = new ArrayList<>(List.of("unshare", "-rm", "sh", "-c"));
    command.add(mount + " && exec \"$@\"");
    command.add("sh");
    command.addAll(
        java(List.of("-Dorg.bytedeco.javacpp.cachedir=" + cache), usingTensorFlow()).command());
    Finished finished = finish(new ProcessBuilder(command), dir.resolve("out").toFile());
    assertThat(finished.err())
        .contains("simclr: TensorFlow's native library cannot be unpacked into " + cache)
        .contains("690 MB");
    assertThat(finished.status()).isEqualTo(73);
  }

  /** The reader of checkpoints is TensorFlow's. */
  private List<String> usingTensorFlow() {
    Path golden = Path.of(System.getProperty("simclr.testdata", "testdata"), "golden");
    return List.of("parity", golden.resolve("loss-contrastive-replicas.json").toString());
  }

  private List<String> arguments(String line) throws IOException {
    Path evaluation = Files.createDirectories(dir.resolve("eval"));
    Files.writeString(
        evaluation.resolve("predictions.csv"),
        "example,label,predicted,correct_top5\n0,0,0,\n1,1,1,\n2,1,0,\n");
    return List.of(line.replace("EVAL", evaluation.toString()).split(" "));
  }

  private static ProcessBuilder java(List<String> options, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home", ""), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path", ""), "simclr.tools.Main"));
    command.addAll(arguments);
    return new ProcessBuilder(command);
  }

  private Finished finish(ProcessBuilder builder, File out) throws Exception {
    Path err = dir.resolve("err");
    Process process = builder.redirectOutput(out).redirectError(err.toFile()).start();
    return new Finished(process.waitFor(), Files.readString(err, UTF_8));
  }
}
