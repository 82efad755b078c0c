package simclr.tools;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.attribute.PosixFilePermissions.fromString;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code tools/simclr} in a checkout of stubs: a Maven and a Java that write down how they were
 * called.
 */
@EnabledOnOs({OS.LINUX, OS.MAC})
final class StartScriptTest {
  private static final String MAVEN =
      """
      #!/bin/sh
      echo "mvn $*" >>builds
      [ ! -f broken ] || { echo "Foo.java:[1,1] ';' expected"; exit 1; }
      sleep 0.3
      mkdir -p tools/target/classes/simclr/tools
      touch tools/target/classes/simclr/tools/Main.class
      case "$*" in
        *-Pgpu*) touch native-linux-x86_64-gpu.jar; printf %s "$PWD/native-linux-x86_64-gpu.jar" ;;
        *) touch native-linux-x86_64.jar; printf %s "$PWD/native-linux-x86_64.jar" ;;
      esac >tools/target/classpath
      """;
  private static final String REBUILT = "simclr: the build is older than the sources";
  private static final String JAVA =
      """
      #!/bin/sh
      for word in "$@"; do echo "[$word]"; done
      echo "TF_CPP_MIN_LOG_LEVEL=$TF_CPP_MIN_LOG_LEVEL"
      exit 3
      """;

  @TempDir Path temporary;
  private Path checkout;
  private Path script;

  @BeforeEach
  void makeCheckout() throws IOException {
    checkout = temporary.resolve("a checkout");
    for (String module :
        List.of("simclr", "export", "eval", "tools/parity", "tools/bench", "tools")) {
      Files.createDirectories(checkout.resolve(module + "/src/main/java"));
      write(module + "/pom.xml", "<project/>");
    }
    write("pom.xml", "<project/>");
    Files.createDirectories(checkout.resolve(".mvn"));
    script = checkout.resolve("tools/simclr");
    Path real =
        Path.of(System.getProperty("simclr.testdata", "testdata")).resolveSibling("tools/simclr");
    executable(script, Files.readString(real));
    executable(temporary.resolve("bin/mvn"), MAVEN);
    executable(temporary.resolve("bin/java"), JAVA);
    backdate(checkout);
  }

  @Test
  void firstStartBuildsWithOneLineAndPassesArgumentsOn() throws Exception {
    Finished finished = start("run", "--dataset=folder:my images", "");
    assertThat(finished.err()).startsWith("simclr: first use, building").hasLineCount(1);
    assertThat(finished.status()).isEqualTo(3);
    assertThat(finished.out())
        .contains("[simclr.tools.Main]\n[run]\n[--dataset=folder:my images]\n[]\n")
        .contains("TF_CPP_MIN_LOG_LEVEL=2");
    assertThat(builds()).hasSize(1);
  }

  @Test
  void secondStartDoesNotBuild() throws Exception {
    start("--help");
    assertThat(start("--help").err()).isEmpty();
    assertThat(builds()).hasSize(1);
  }

  @Test
  void changedAddedAndRemovedSourcesAreBuilt() throws Exception {
    write("simclr/src/main/java/A.java", "class A {}");
    write("eval/src/main/java/B.java", "class B {}");
    backdate(checkout);
    start("--help");
    touch(checkout.resolve("simclr/src/main/java/A.java"));
    assertThat(start("--help").err()).startsWith(REBUILT).hasLineCount(1);
    for (String changed :
        List.of("export/pom.xml", "tools/parity/pom.xml", "tools/bench/pom.xml")) {
      touch(checkout.resolve(changed));
      assertThat(start("--help").err()).describedAs(changed).startsWith(REBUILT);
    }
    Files.delete(checkout.resolve("eval/src/main/java/B.java"));
    touch(checkout.resolve("eval/src/main/java"));
    assertThat(start("--help").err()).startsWith(REBUILT);
    assertThat(start("--help").err()).isEmpty();
    assertThat(builds()).hasSize(6);
  }

  @Test
  void failedBuildShowsWhatMavenSaidAndIsTriedAgain() throws Exception {
    write("broken", "");
    Finished finished = start("--help");
    assertThat(finished.status()).isEqualTo(70);
    assertThat(finished.out()).isEmpty();
    assertThat(finished.err())
        .contains("Foo.java:[1,1] ';' expected")
        .contains("simclr: the build failed");
    Files.delete(checkout.resolve("broken"));
    assertThat(start("--help").status()).isEqualTo(3);
  }

  @Test
  void twoStartsAtOnceBuildOnce() throws Exception {
    List<Process> starts = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      starts.add(process(script, Map.of(), "--help"));
    }
    for (Process start : starts) {
      assertThat(finish(start).status()).isEqualTo(3);
    }
    assertThat(builds()).hasSize(1);
  }

  @Test
  void buildForGpusStaysOneWhenItIsRenewed() throws Exception {
    start("--help");
    Map<String, String> gpu = Map.of("SIMCLR_MAVEN_OPTS", "-Pgpu");
    for (int i = 0; i < 2; i++) {
      assertThat(finish(process(script, gpu, "--help")).out())
          .contains("native-linux-x86_64-gpu.jar]");
    }
    assertThat(builds()).hasSize(2);
    touch(checkout.resolve("pom.xml"));
    assertThat(start("--help").out()).contains("native-linux-x86_64-gpu.jar]");
    assertThat(builds()).hasSize(3);
  }

  @Test
  void symbolicLinksLeadToTheCheckout() throws Exception {
    Path outer = Files.createSymbolicLink(temporary.resolve("bin/outer"), script);
    Path link = Files.createSymbolicLink(temporary.resolve("bin/simclr"), outer.getFileName());
    assertThat(finish(process(link, Map.of(), "--help")).status()).isEqualTo(3);
    assertThat(builds()).hasSize(1);
  }

  @Test
  void optionsAndLogLevelOfTheUserHold() throws Exception {
    Map<String, String> set =
        Map.of("SIMCLR_JAVA_OPTS", "-Xmx8g -Dx=y", "TF_CPP_MIN_LOG_LEVEL", "0");
    assertThat(finish(process(script, set, "--help")).out())
        .contains("[-Xmx8g]\n[-Dx=y]\n[-cp]")
        .contains("TF_CPP_MIN_LOG_LEVEL=0");
  }

  private record Finished(int status, String out, String err) {}

  private Finished start(String... args) throws Exception {
    return finish(process(script, Map.of(), args));
  }

  private Process process(Path program, Map<String, String> set, String... args)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).directory(temporary.toFile());
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("SIMCLR_") || name.startsWith("TF_"));
    environment.remove("JAVA_HOME");
    environment.merge("PATH", temporary.resolve("bin").toString(), (old, bin) -> bin + ":" + old);
    environment.putAll(set);
    return builder.start();
  }

  private static Finished finish(Process process) throws Exception {
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
    return new Finished(process.waitFor(), out, err);
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(checkout.resolve("builds"));
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(checkout.resolve(name), text);
  }

  private static void executable(Path file, String text) throws IOException {
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, fromString("rwxr-xr-x"));
  }

  /** Newer than the last build, which began before the stub of Maven slept. */
  private static void touch(Path file) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
  }

  private static void backdate(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
      }
    }
  }
}
