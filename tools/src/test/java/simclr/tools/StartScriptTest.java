package simclr.tools;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.attribute.PosixFilePermissions.fromString;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
      echo "LC_ALL=$LC_ALL"
      echo "LC_CTYPE=$LC_CTYPE"
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
    write("simclr/src/main/java/A.java", "class A {;}");
    assertThat(start("--help").err()).startsWith(REBUILT).hasLineCount(1);
    for (String changed :
        List.of("export/pom.xml", "tools/parity/pom.xml", "tools/bench/pom.xml")) {
      write(changed, "<project></project>");
      assertThat(start("--help").err()).describedAs(changed).startsWith(REBUILT);
    }
    Files.delete(checkout.resolve("eval/src/main/java/B.java"));
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
    write("pom.xml", "<project></project>");
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

  @ParameterizedTest
  @ValueSource(ints = {-2, 2})
  void timesThatAreWrongByDaysBuildOnceAndHideNoChange(int days) throws Exception {
    write("simclr/src/main/java/A.java", "class A {}");
    Path source = checkout.resolve("simclr/src/main/java/A.java");
    FileTime wrong = FileTime.from(Instant.now().plus(Duration.ofDays(days)));
    Files.setLastModifiedTime(source, wrong);
    start("--help");
    assertThat(start("--help").err()).isEmpty();
    assertThat(builds()).hasSize(1);
    Path old = checkout.resolve("simclr/target/classes/A.class");
    Files.createDirectories(old.resolveSibling("."));
    Files.createFile(old);
    write("simclr/src/main/java/A.java", "class A {;}");
    Files.setLastModifiedTime(source, wrong);
    assertThat(start("--help").err()).startsWith(REBUILT);
    assertThat(old).doesNotExist();
    assertThat(start("--help").err()).isEmpty();
    assertThat(builds()).hasSize(2);
  }

  @Test
  void buildOfMavenByHandIsTakenAsItIs() throws Exception {
    assertThat(
            finish(
                    new ProcessBuilder(temporary.resolve("bin/mvn").toString(), "verify")
                        .directory(checkout.toFile())
                        .start())
                .status())
        .isZero();
    assertThat(start("--help").err()).isEmpty();
    write("simclr/src/main/java/A.java", "class A {}");
    assertThat(start("--help").err()).startsWith(REBUILT);
    assertThat(builds()).hasSize(2);
  }

  @Test
  void moduleAnywhereInTheCheckoutCounts() throws Exception {
    Files.createDirectories(checkout.resolve("tools/more/src/main/java"));
    write("tools/more/pom.xml", "<project/>");
    start("--help");
    write("tools/more/src/main/java/A.java", "class A {}");
    assertThat(start("--help").err()).startsWith(REBUILT);
  }

  @Test
  void copyRunsItsOwnClasses() throws Exception {
    start("--help");
    Path copy = temporary.resolve("a copy");
    assertThat(
            finish(new ProcessBuilder("cp", "-r", checkout.toString(), copy.toString()).start())
                .status())
        .isZero();
    Finished finished = finish(process(copy.resolve("tools/simclr"), Map.of(), "--help"));
    assertThat(finished.status()).isEqualTo(3);
    assertThat(finished.out()).contains(copy + "/native").doesNotContain(checkout + "/");
    assertThat(finish(process(copy.resolve("tools/simclr"), Map.of(), "--help")).err()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "11.0.2, 11",
    "1.8.0_292, 8",
    "9-internal, 9",
    "16.0.1, 16",
    "17,",
    "17.0.15,",
    "21-ea,",
    "25,",
  })
  void javaThatIsTooOldIsNamed(String version, @Nullable String old) throws Exception {
    String told = "echo 'Picked up _JAVA_OPTIONS: -Dx' >&2; echo 'openjdk version \"%s\"' >&2;";
    Path onPath = temporary.resolve("bin/java");
    executable(onPath, JAVA.replace("for word", told.formatted(version) + " for word"));
    assertJava(old, onPath, start("--version"));
    executable(onPath, JAVA);
    Path home = temporary.resolve("jdk");
    executable(home.resolve("bin/java"), JAVA);
    Files.writeString(home.resolve("release"), "OS=\"Linux\"\nJAVA_VERSION=\"" + version + "\"\n");
    Map<String, String> set = Map.of("JAVA_HOME", home.toString());
    assertJava(old, home.resolve("bin/java"), finish(process(script, set, "--version")));
  }

  private static void assertJava(@Nullable String old, Path java, Finished finished) {
    if (old == null) {
      assertThat(finished.status()).isEqualTo(3);
    } else {
      assertThat(finished.err())
          .isEqualTo("simclr: " + java + " is Java " + old + ", expected Java 17 or newer\n");
      assertThat(finished.status()).isEqualTo(2);
    }
  }

  @Test
  void whatIsMissingIsOneSentenceAndNoBugOfOurs() throws Exception {
    Finished home = finish(process(script, Map.of("JAVA_HOME", "/nowhere"), "--version"));
    assertThat(home.status()).isEqualTo(2);
    assertThat(home.err())
        .isEqualTo(
            "simclr: JAVA_HOME is /nowhere, which has no bin/java, expected Java 17 or newer\n");

    Path few = Files.createDirectory(temporary.resolve("few"));
    for (String tool :
        List.of("sh", "dirname", "readlink", "find", "cksum", "sed", "cat", "mkdir")) {
      for (String place : List.of("/bin/", "/usr/bin/")) {
        if (Files.exists(Path.of(place + tool)) && !Files.exists(few.resolve(tool))) {
          executable(few.resolve(tool), "#!/bin/sh\nexec " + place + tool + " \"$@\"\n");
        }
      }
    }
    Finished java = finish(process(script, Map.of("PATH", few.toString()), "--version"));
    assertThat(java.status()).isEqualTo(2);
    assertThat(java.err())
        .isEqualTo(
            "simclr: java is not on the PATH, expected Java 17 or newer there or in JAVA_HOME\n");
    Files.createSymbolicLink(few.resolve("java"), temporary.resolve("bin/java"));
    Finished maven = finish(process(script, Map.of("PATH", few.toString()), "--version"));
    assertThat(maven.status()).isEqualTo(2);
    assertThat(maven.err())
        .isEqualTo("simclr: mvn is not on the PATH, expected Maven 3.8.7 or newer to build with\n");
  }

  /** A file in place of the directory stops root too. */
  @ParameterizedTest
  @ValueSource(strings = {"tools/target", "simclr/target"})
  void checkoutThatCannotBeWrittenIsNamed(String target) throws Exception {
    write(target, "");
    Finished finished = start("--version");
    assertThat(finished.err())
        .startsWith("simclr: " + checkout.resolve(target) + " cannot be written, expected")
        .hasLineCount(1);
    assertThat(finished.status()).isEqualTo(73);
  }

  @Test
  void checkoutOfAnotherUserThatIsBuiltIsRun() throws Exception {
    start("--help");
    Path target = checkout.resolve("tools/target");
    Files.setPosixFilePermissions(target, fromString("r-xr-xr-x"));
    try {
      assertThat(start("--help").status()).isEqualTo(3);
    } finally {
      Files.setPosixFilePermissions(target, fromString("rwxr-xr-x"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "error: No space left on device, 73",
    "/x/target/classes (Permission denied), 73",
    "No compiler is provided in this environment, 2",
    "Detected Maven Version: 3.6.3 is not in the allowed range [3.8.7], 2",
    "Could not transfer artifact a:b:pom:1 from central, 66",
    "';' expected, 70",
  })
  void buildThatFailsSaysWhoseItIs(String line, int status) throws Exception {
    executable(temporary.resolve("bin/mvn"), "#!/bin/sh\necho \"" + line + "\"\nexit 1\n");
    Finished finished = start("--version");
    assertThat(finished.err()).contains(line).contains("\nsimclr: ");
    assertThat(finished.status()).isEqualTo(status);
  }

  @Test
  void colonInThePathIsNamed() throws Exception {
    Path other = temporary.resolve("a:b");
    Files.move(checkout, other);
    Finished finished = finish(process(other.resolve("tools/simclr"), Map.of(), "--version"));
    assertThat(finished.err())
        .startsWith("simclr: the checkout lies in " + other + ", expected a path without a colon")
        .hasLineCount(1);
    assertThat(finished.status()).isEqualTo(2);
  }

  /** As in a container or under cron, and where LANG names what is not installed. */
  @ParameterizedTest
  @CsvSource({
    ",",
    "LANG,C",
    "LANG,POSIX",
    "LANG,''",
    "LC_ALL,C",
    "LC_ALL,POSIX",
    "LC_ALL,xx_XX.UTF-8",
    "LANG,xx_XX",
    "LC_CTYPE,C",
  })
  @EnabledOnOs(OS.LINUX)
  void localeOfAsciiBecomesOneOfUnicode(@Nullable String variable, @Nullable String value)
      throws Exception {
    Map<String, String> set =
        variable == null ? Map.of() : Map.of(variable, value == null ? "" : value);
    Finished finished = finish(process(script, set, "--help"));
    assertThat(finished.out())
        .contains(
            variable != null && variable.equals("LC_ALL") ? "LC_ALL=C.UTF-8" : "LC_CTYPE=C.UTF-8");
  }

  @Test
  void localeOfTheUserStays() throws Exception {
    Map<String, String> set = Map.of("LANG", "C.UTF-8");
    assertThat(finish(process(script, set, "--help")).out()).contains("LC_ALL=\nLC_CTYPE=\n");
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
    environment.keySet().removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
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
  private static void backdate(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
      }
    }
  }
}
