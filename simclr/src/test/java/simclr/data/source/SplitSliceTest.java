package simclr.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static simclr.data.UserErrors.assertFails;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.UserException.ExitCode;

final class SplitSliceTest {
  private static final ImmutableMap<String, ImmutableList<Long>> SPLITS =
      ImmutableMap.of(
          "train", ImmutableList.of(40L, 30L, 31L),
          "test", ImmutableList.of(10L),
          "none", ImmutableList.of());

  /** Bounds computed by TFDS 4.9.4's rules; halves are rounded to even. */
  @ParameterizedTest
  @CsvSource({
    "train, 0, 101",
    "train[:90%], 0, 91",
    "train[90%:], 91, 101",
    "train[:50%], 0, 50",
    "train[33.3%:-10%], 34, 91",
    "train[-10%:], 91, 101",
    "train[10:20], 10, 20",
    "train[-20:-10], 81, 91",
    "train[:1_0], 0, 10",
    "train[1shard], 40, 70",
    "train[-1shard], 70, 101",
    "train[1shard:], 40, 101",
    "train[:-1shard], 0, 70",
    "train[0:101], 0, 101",
    "test[:25%], 0, 2",
    "test[35%:75%], 4, 8",
  })
  void boundsAreThoseOfTfds(String spec, long from, long to) {
    String name = spec.startsWith("train") ? "train" : "test";
    assertThat(SplitSlice.parse(spec, SPLITS)).containsExactly(new SplitSlice(name, from, to));
  }

  @Test
  void sumsKeepTheirOrder() {
    assertThat(SplitSlice.parse("test + train[:10]+test[5:]", SPLITS))
        .containsExactly(
            new SplitSlice("test", 0, 10),
            new SplitSlice("train", 0, 10),
            new SplitSlice("test", 5, 10));
    assertThat(SplitSlice.parse("all", SPLITS))
        .containsExactly(new SplitSlice("train", 0, 101), new SplitSlice("test", 0, 10));
  }

  @Test
  void percentsFollowThePlainRule() {
    long seed = 7;
    Random random = new Random(seed);
    for (int round = 0; round < 2000; round++) {
      int examples = 1 + random.nextInt(3000);
      int from = random.nextInt(201) - 100;
      int to = random.nextInt(201) - 100;
      long first = plain(from, examples);
      long last = plain(to, examples);
      ImmutableMap<String, ImmutableList<Long>> splits =
          ImmutableMap.of("a", ImmutableList.of((long) examples));
      String spec = "a[" + from + "%:" + to + "%]";
      if (first < last) {
        assertThat(SplitSlice.parse(spec, splits))
            .as("%s of %s, seed %s", spec, examples, seed)
            .containsExactly(new SplitSlice("a", first, last));
      } else {
        assertFails(ExitCode.USAGE, () -> SplitSlice.parse(spec, splits))
            .contains("has no examples");
      }
    }
  }

  @Test
  void neighbouringPercentsPartTheSplit() {
    for (int examples = 100; examples < 130; examples++) {
      ImmutableMap<String, ImmutableList<Long>> splits =
          ImmutableMap.of("a", ImmutableList.of((long) examples));
      for (int cut = 1; cut < 100; cut++) {
        SplitSlice head = SplitSlice.parse("a[:" + cut + "%]", splits).get(0);
        SplitSlice tail = SplitSlice.parse("a[" + cut + "%:]", splits).get(0);
        assertThat(head.to()).isEqualTo(tail.from());
        assertThat(head.examples() + tail.examples()).isEqualTo(examples);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "+",
        "train+",
        "train[",
        "train[:]",
        "train[]",
        "train[5]",
        "train[5%]",
        "train[1:2:3]",
        "train[a:b]",
        "train[1.5:]",
        "train[:1.2.3%]",
        "train[_:]",
        "train(5)",
        "train[:-]",
        "train[.5shard:]"
      })
  void whatIsNotInTheGrammarIsUsage(String spec) {
    assertFails(ExitCode.USAGE, () -> SplitSlice.parse(spec, SPLITS))
        .contains("\"" + spec + "\"")
        .contains("cannot be read");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"none", "train[5:5]", "train[9:3]", "train[:0]", "train[:0%]", "test[:4%]"})
  void anEmptySelectionIsUsageAndListsTheSplits(String spec) {
    assertFails(ExitCode.USAGE, () -> SplitSlice.parse(spec, SPLITS))
        .contains("split \"" + spec + "\" has no examples")
        .contains("train (101), test (10), none (0)");
  }

  @Test
  void anUnknownSplitIsUsageAndListsTheSplits() {
    assertFails(ExitCode.USAGE, () -> SplitSlice.parse("validation[:5]", SPLITS))
        .isEqualTo("split \"validation\" is unknown, expected one of train, test, none");
    assertFails(ExitCode.USAGE, () -> SplitSlice.parse("all[:5]", SPLITS)).contains("unknown");
  }

  @Test
  void boundsOutOfRangeAreUsage() {
    assertFails(ExitCode.USAGE, () -> SplitSlice.parse("test[:11]", SPLITS))
        .contains("within the 10 examples of test");
    assertFails(ExitCode.USAGE, () -> SplitSlice.parse("test[-11:]", SPLITS)).contains("within");
    assertFails(ExitCode.USAGE, () -> SplitSlice.parse("test[:101%]", SPLITS))
        .contains("101%, expected -100% to 100%");
  }

  /**
   * Percent of a count, rounded to the closest integer, exactly half to even; then from the end.
   */
  private static long plain(int percent, int examples) {
    long bound =
        BigDecimal.valueOf((long) percent * examples)
            .divide(BigDecimal.valueOf(100))
            .setScale(0, RoundingMode.HALF_EVEN)
            .longValueExact();
    return bound < 0 ? examples + bound : bound;
  }
}
