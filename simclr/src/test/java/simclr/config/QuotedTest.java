package simclr.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import simclr.config.UserException.ExitCode;

final class QuotedTest {
  @Test
  void shortTextIsShownAsItIs() {
    assertThat(Quoted.of("")).isEmpty();
    assertThat(Quoted.of("Büro \"1\" 写真 \uD83D\uDE00")).isEqualTo("Büro \"1\" 写真 \uD83D\uDE00");
  }

  @Test
  void whatATerminalWouldObeyIsEscaped() {
    assertThat(Quoted.of("a\nb\r\t\0\033[2J\u009B\u202Ex\uD800"))
        .isEqualTo("a\\nb\\r\\t\\u0000\\u001b[2J\\u009b\\u202ex\\ud800");
  }

  @Test
  void longTextIsCutAndItsLengthGiven() {
    assertThat(Quoted.of("x".repeat(25_000))).isEqualTo("x".repeat(160) + "... (25000 characters)");
    assertThat(Quoted.of("\0".repeat(25_000))).hasSizeLessThan(200).endsWith("(25000 characters)");
  }

  /** The last line of defence for what no caller has quoted. */
  @Test
  void aUserErrorKeepsLinesAndNothingElseThatATerminalObeys() {
    UserException error =
        new UserException(ExitCode.DATA, "%s, %s of %s", "one\ntwo\033[2J", 3, "y".repeat(25_000));
    assertThat(error.getMessage())
        .startsWith("one\ntwo\\u001b[2J, 3 of yyy")
        .endsWith("y... (25000 characters)")
        .hasSizeLessThan(5000);
  }

  @Test
  void aPathThatNoFileCanHaveIsAUsageError() {
    assertThat(LocalPath.of("a/b", "--model_dir").toString()).isEqualTo("a/b");
    assertThat(LocalPath.ifValid("a\0b")).isEmpty();
    assertThatThrownBy(() -> LocalPath.of("a\0b", "--model_dir"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("--model_dir is \"a\\u0000b\" (")
        .hasMessageEndingWith("), expected a path")
        .extracting(e -> ((UserException) e).exitCode())
        .isEqualTo(ExitCode.USAGE);
  }
}
