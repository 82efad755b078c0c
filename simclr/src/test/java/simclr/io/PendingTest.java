package simclr.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static simclr.data.UserErrors.assertFails;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import simclr.config.UserException.ExitCode;

/** Files and directories that appear whole or not at all, and what is left of them by a kill. */
final class PendingTest {
  @TempDir Path dir;

  /** What is written. */
  enum Kind {
    FILE,
    DIRECTORY;

    /** Begins the target, tells so, and waits. */
    void begin(Path target, Waiting waiting) throws IOException {
      if (this == FILE) {
        try (PendingFile file = PendingFile.of(target)) {
          file.write(bytes("half"));
          waiting.run();
          file.commit();
        }
      } else {
        try (PendingDirectory directory = PendingDirectory.begin(target)) {
          Files.createDirectories(directory.path().resolve("deep"));
          Files.write(directory.path().resolve("deep/file"), bytes("half"));
          waiting.run();
          directory.publish();
        }
      }
    }
  }

  private interface Waiting {
    void run() throws IOException;
  }

  /** What the other process runs until it is killed. */
  public static void main(String[] arguments) throws IOException {
    Kind.valueOf(arguments[0])
        .begin(
            Path.of(arguments[1]),
            () -> {
              System.out.println("begun");
              System.out.println(System.in.read());
            });
  }

  @ParameterizedTest
  @EnumSource
  void theNextWriterRemovesWhatAKilledOneLeft(Kind kind) throws IOException {
    Path target = dir.resolve("target");
    try (ChildProcess killed = ChildProcess.start(PendingTest.class, kind.name(), "" + target)) {
      assertThat(killed.line()).isEqualTo("begun");
      killed.kill();
    }
    assertThat(names()).isNotEmpty().doesNotContain("target");
    kind.begin(target, () -> {});
    assertThat(names()).containsExactly("target");
  }

  @ParameterizedTest
  @EnumSource
  void aLivingWriterKeepsWhatItWrites(Kind kind) throws IOException {
    Path target = dir.resolve("target");
    try (ChildProcess other = ChildProcess.start(PendingTest.class, kind.name(), "" + target)) {
      assertThat(other.line()).isEqualTo("begun");
      List<String> others = names();

      kind.begin(target, () -> DurableFiles.removeAbandoned(dir));

      assertThat(names()).containsAll(others).hasSize(others.size() + 1);
      other.kill();
    }
    DurableFiles.removeAbandoned(dir);
    assertThat(names()).containsExactly("target");
  }

  @ParameterizedTest
  @EnumSource
  void writersOfOneProcessDoNotMeet(Kind kind) throws IOException {
    Path target = dir.resolve("target");
    kind.begin(target, () -> kind.begin(target, () -> DurableFiles.removeAbandoned(dir)));
    assertThat(names()).containsExactly("target");
  }

  @ParameterizedTest
  @EnumSource
  void whatIsNotFinishedLeavesNothing(Kind kind) {
    assertThatThrownBy(
            () ->
                kind.begin(
                    dir.resolve("target"),
                    () -> {
                      throw new IOException("stopped");
                    }))
        .hasMessage("stopped");
    assertThat(names()).isEmpty();
  }

  @Test
  void filesOfOthersAreLeftAlone() throws IOException {
    List<String> others =
        List.of(".target.tmp", ".target.swp.tmp", ".target.12x.tmp", "target.1.tmp", ".lock");
    for (String name : others) {
      Files.createFile(dir.resolve(name));
    }
    DurableFiles.write(dir.resolve("target"), bytes("whole"));
    DurableFiles.removeAbandoned(dir);
    assertThat(names()).containsAll(others).hasSize(others.size() + 1);
  }

  @Test
  void aFileThatCannotGetItsNameLeavesNothing() throws IOException {
    Files.createDirectories(dir.resolve("target/full"));
    assertFails(
            ExitCode.CANNOT_WRITE, () -> DurableFiles.write(dir.resolve("target"), bytes("whole")))
        .startsWith(dir.resolve("target") + " cannot be written");
    assertThat(names()).containsExactly("target");
  }

  @Test
  void aDirectoryReplacesTheFormerOne() throws IOException {
    Path target = dir.resolve("target");
    Files.createDirectories(target.resolve("old"));
    Kind.DIRECTORY.begin(target, () -> assertThat(target.resolve("old")).exists());
    assertThat(target.resolve("old")).doesNotExist();
    assertThat(target.resolve("deep/file")).hasContent("half");
    assertThat(names()).containsExactly("target");
  }

  /** A rename that may not last is undone, so that the same command can be tried again. */
  @Test
  void aRenameThatCannotBeSyncedIsUndone() throws IOException {
    Path target = dir.resolve("target");
    PendingDirectory.Sync failing =
        path -> {
          assertThat(target.resolve("new")).exists();
          throw new IOException("Input/output error");
        };
    for (boolean former : new boolean[] {false, true}) {
      if (former) {
        Files.createDirectories(target.resolve("old"));
      }
      try (PendingDirectory directory = PendingDirectory.begin(target, failing)) {
        Files.createFile(directory.path().resolve("new"));
        assertFails(ExitCode.CANNOT_WRITE, directory::publish)
            .isEqualTo(target + " cannot be written (java.io.IOException: Input/output error)");
      }
      assertThat(Files.exists(target.resolve("old"))).isEqualTo(former);
      assertThat(names()).isEqualTo(former ? List.of("target") : List.of());
    }
  }

  /** Whoever was told of the failure, and tries again, may replace what bears the name. */
  @Test
  void aNameThatMayNotLastAndCannotBeTakenBackIsUnconfirmed() throws IOException {
    Path target = dir.resolve("target");
    PendingDirectory.Sync failing =
        path -> {
          Files.createDirectory(aside());
          throw new IOException("Read-only file system");
        };
    try (PendingDirectory directory = PendingDirectory.begin(target, failing)) {
      Files.createFile(directory.path().resolve("first"));
      assertFails(ExitCode.CANNOT_WRITE, directory::publish)
          .startsWith(target + " cannot be written");
      assertThat(PendingDirectory.isUnconfirmed(target)).as("while its writer lives").isFalse();
    }
    Files.delete(aside());
    assertThat(PendingDirectory.isUnconfirmed(target)).isTrue();
    assertThat(target.resolve("first")).exists();

    Kind.DIRECTORY.begin(target, () -> assertThat(target.resolve("first")).exists());
    assertThat(PendingDirectory.isUnconfirmed(target)).isFalse();
    assertThat(names()).containsExactly("target");
    assertThat(target.resolve("first")).doesNotExist();
  }

  @Test
  void onlyALockThatHoldsTextMakesADirectoryUnconfirmed() throws IOException {
    Path target = dir.resolve("3");
    Path lock = dir.resolve(".3.17-0123abcd.lock");
    Files.writeString(lock, "published");
    assertThat(PendingDirectory.isUnconfirmed(target)).as("not there").isFalse();
    Files.createDirectory(target);
    assertThat(PendingDirectory.isUnconfirmed(target)).isTrue();
    assertThat(PendingDirectory.isUnconfirmed(dir.resolve("4"))).isFalse();
    Files.writeString(lock, "");
    assertThat(PendingDirectory.isUnconfirmed(target)).isFalse();
    Files.writeString(lock, "published");
    PendingDirectory.removeAbandoned(dir, Pattern.compile("\\d+"));
    assertThat(PendingDirectory.isUnconfirmed(target)).isFalse();
    assertThat(names()).containsExactly("3");
  }

  private Path aside() {
    String lock = names().stream().filter(name -> name.endsWith(".lock")).findFirst().orElseThrow();
    return dir.resolve(lock.replace(".lock", ".tmp"));
  }

  @Test
  void aDirectoryThatAKilledWriterPutAsideGetsItsNameBack() throws IOException {
    Files.createDirectories(dir.resolve(".3.17-0123abcd.tmp.former/old"));
    Files.createDirectories(dir.resolve(".3.17-0123abcd.tmp/new"));
    Files.createFile(dir.resolve(".3.17-0123abcd.lock"));
    PendingDirectory.removeAbandoned(dir, Pattern.compile("\\d+"));
    assertThat(names()).containsExactly("3");
    assertThat(dir.resolve("3/old")).exists();
  }

  private List<String> names() {
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
