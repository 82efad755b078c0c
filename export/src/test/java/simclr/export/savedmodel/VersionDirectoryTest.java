package simclr.export.savedmodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

final class VersionDirectoryTest {
  @TempDir Path base;

  @Test
  void aVersionAppearsWholeOrNotAtAll() throws IOException {
    try (VersionDirectory version = VersionDirectory.begin(base, 3, false)) {
      Files.writeString(version.aside().resolve("file"), "content");
      assertThat(base.resolve("3")).doesNotExist();
      version.publish();
    }
    assertThat(base.resolve("3/file")).hasContent("content");
    assertThat(names()).containsExactly("3");

    VersionDirectory.begin(base, 4, false).close();
    assertThat(names()).containsExactly("3");
  }

  @Test
  void aVersionIsReplacedOnlyWhereThatIsAsked() throws IOException {
    Files.createDirectories(base.resolve("3/old"));
    assertThatThrownBy(() -> VersionDirectory.begin(base, 3, false))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CANNOT_WRITE))
        .hasMessage(
            base.resolve("3") + " exists already, expected another --output or another version");
    try (VersionDirectory version = VersionDirectory.begin(base, 3, true)) {
      Files.writeString(version.aside().resolve("new"), "");
      assertThat(base.resolve("3/old")).exists();
      version.publish();
    }
    assertThat(base.resolve("3/new")).exists();
    assertThat(base.resolve("3/old")).doesNotExist();
    assertThat(names()).containsExactly("3");
  }

  @Test
  void aVersionThatAppearsMeanwhileIsNotReplaced() throws IOException {
    try (VersionDirectory version = VersionDirectory.begin(base, 3, false)) {
      Files.createDirectory(base.resolve("3"));
      assertThatThrownBy(version::publish).hasMessageContaining("exists already");
    }
    assertThat(names()).containsExactly("3");
  }

  @Test
  void theNewestVersionsAreKeptByNumber() throws IOException {
    for (String name : List.of("2", "10", "9", "07", "latest", "1x")) {
      Files.createDirectories(base.resolve(name).resolve("variables"));
    }
    VersionDirectory.retain(base, 0);
    assertThat(names()).hasSize(6);
    VersionDirectory.retain(base, 2);
    assertThat(names()).containsExactlyInAnyOrder("9", "10", "07", "latest", "1x");
    VersionDirectory.retain(base, 5);
    assertThat(names()).hasSize(5);
  }

  @Test
  void whatAKilledProcessLeftOfAnyVersionIsCleared() throws IOException {
    Files.createDirectories(base.resolve(".3.17-0123abcd.tmp").resolve("variables"));
    Files.createFile(base.resolve(".3.17-0123abcd.lock"));
    Files.createDirectories(base.resolve(".3.17.tmp")); // as earlier releases named it
    Files.createDirectories(base.resolve(".hidden"));
    try (VersionDirectory living = VersionDirectory.begin(base, 3, false)) {
      VersionDirectory.begin(base, 4, false).close();
      String aside = living.aside().getFileName().toString();
      assertThat(names())
          .containsExactlyInAnyOrder(".hidden", aside, aside.replace(".tmp", ".lock"));
      living.publish();
    }
    assertThat(names()).containsExactlyInAnyOrder(".hidden", "3");
  }

  @Test
  void aVersionThatAKilledProcessPutAsideGetsItsNameBack() throws IOException {
    Path former = base.resolve(".3.17-0123abcd.tmp.former");
    Files.createDirectories(former);
    Files.writeString(former.resolve("saved_model.pb"), "old");
    VersionDirectory.begin(base, 4, true).close();
    assertThat(base.resolve("3").resolve("saved_model.pb")).hasContent("old");
    assertThat(former).doesNotExist();
  }

  @Test
  void aTargetThatCannotBeADirectoryIsNamed() throws IOException {
    Path file = Files.writeString(base.resolve("file"), "");
    assertThatThrownBy(() -> VersionDirectory.begin(file, 3, false))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CANNOT_WRITE))
        .hasMessageStartingWith(file + " cannot be written to");
    assertThatThrownBy(() -> VersionDirectory.begin(Path.of("/proc/nowhere"), 3, false))
        .hasMessageStartingWith("/proc/nowhere cannot be written to");
  }

  private List<String> names() throws IOException {
    try (Stream<Path> children = Files.list(base)) {
      return children.map(path -> path.getFileName().toString()).toList();
    }
  }
}
