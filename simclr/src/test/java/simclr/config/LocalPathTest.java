package simclr.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.UserException.ExitCode;

/** What paths of flags and files mean. */
final class LocalPathTest {
  @ParameterizedTest
  @CsvSource({
    "a/b, a/b",
    "~, /home/me",
    "~/runs/x, /home/me/runs/x",
    "./~/x, ./~/x",
    "a/~, a/~",
    "file:///data/x, /data/x",
    "file:/data/x, /data/x",
    "FILE:///a%20b, /a b",
    "a:b, a:b",
    "run[1], run[1]",
    "'', ''",
  })
  void pathsOfThisMachine(String text, String path) {
    assertThat(path(text, "UTF-8")).isEqualTo(Path.of(path));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gs://bucket/x", "s3://b", "hdfs://host:9000/x", "https://x/y", "GS:/b"})
  void addressesOfOtherFileSystemsAreRefused(String text) {
    String scheme = text.substring(0, text.indexOf(':'));
    assertRefused(
        text,
        "UTF-8",
        "--model_dir is \"" + text + "\", expected a path of this machine: " + scheme + "://");
  }

  @Test
  void homesOfOthersAndAddressesOfOtherMachinesAreRefused() {
    assertRefused("~you/x", "UTF-8", "--model_dir is \"~you/x\", expected ~/PATH");
    assertRefused("file://host/x", "UTF-8", "--model_dir is \"file://host/x\", expected file:///");
    assertRefused("a\0b", "UTF-8", "--model_dir is \"a");
  }

  @Test
  void nameThatTheLocaleCannotHoldNamesTheLocale() {
    for (String charset : new String[] {"ANSI_X3.4-1968", "ISO-8859-1"}) {
      assertRefused(
          "Büro",
          charset,
          "--model_dir is \"Büro\", which the locale cannot name (its character set is "
              + charset
              + "), expected a locale of UTF-8");
      assertThat(path("office", charset)).isEqualTo(Path.of("office"));
    }
  }

  private static Path path(String text, String charset) {
    return LocalPath.of(text, "--model_dir", "/home/me", charset);
  }

  private static void assertRefused(String text, String charset, String message) {
    assertThatThrownBy(() -> path(text, charset))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
        .hasMessageStartingWith(message);
  }
}
