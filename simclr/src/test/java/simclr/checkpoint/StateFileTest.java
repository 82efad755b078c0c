package simclr.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.checkpoint.StateFile.Kept;

final class StateFileTest {
  /** As TensorFlow 2.15 wrote it for the reference's run. */
  private static final String PYTHONS =
      """
      model_checkpoint_path: "ckpt-8"
      all_model_checkpoint_paths: "ckpt-4"
      all_model_checkpoint_paths: "ckpt-8"
      all_model_checkpoint_timestamps: 1795477442.7275462
      all_model_checkpoint_timestamps: 1795477452.3152938
      last_preserved_timestamp: 1795477395.660504
      """;

  private static final StateFile STATE =
      new StateFile(
          "ckpt-8",
          ImmutableList.of(
              new Kept("ckpt-4", 1795477442.7275462), new Kept("ckpt-8", 1795477452.3152938)),
          1795477395.660504);

  @Test
  void pythonsFileIsReadAndWrittenBackByteForByte() {
    assertThat(StateFile.parse(PYTHONS)).isEqualTo(STATE);
    assertThat(STATE.text()).isEqualTo(PYTHONS);
  }

  @Test
  void anyStateSurvivesWritingAndReading() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 500; i++) {
      StateFile state = anyState(random);
      assertThat(StateFile.parse(state.text())).as("seed %s", seed).isEqualTo(state);
    }
  }

  private static StateFile anyState(Random random) {
    ImmutableList.Builder<Kept> kept = ImmutableList.builder();
    int count = 1 + random.nextInt(5);
    String latest = "";
    for (int i = 0; i < count; i++) {
      latest = i + anyName(random);
      kept.add(new Kept(latest, random.nextDouble() * 2e9));
    }
    return new StateFile(latest, kept.build(), random.nextDouble() * 1e9);
  }

  /** Quotes, backslashes, control characters and characters beyond 16 bits among others. */
  private static String anyName(Random random) {
    StringBuilder name = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      int c = random.nextInt(4) == 0 ? random.nextInt(0x20000) : random.nextInt(128);
      name.appendCodePoint(c >= 0xd800 && c < 0xe000 ? '"' : c);
    }
    return name.toString();
  }

  @Test
  void otherSpellingsOfTheTextFormatAreRead() {
    String text =
        """
        # by hand
        model_checkpoint_path : '/d/\\303\\251\\x41' "\\tckpt-8";
        all_model_checkpoint_paths: ["/d/ckpt-4", "ckpt-8"], last_preserved_timestamp:1e3
        """;
    StateFile state = StateFile.parse(text);
    assertThat(state.latest()).isEqualTo("/d/éA\tckpt-8");
    assertThat(state.kept())
        .extracting(Kept::name)
        .containsExactly("/d/ckpt-4", "ckpt-8", state.latest());
    assertThat(state.kept()).allMatch(kept -> kept.timestamp() > state.lastPreserved());
  }

  /** Cut between two lines the text is a smaller state; cut anywhere else it must not parse. */
  @Test
  void everyPrefixIsRefusedOrNamesTheNewestCheckpoint() {
    for (int length = 0; length < PYTHONS.length(); length++) {
      String cut = PYTHONS.substring(0, length);
      try {
        assertThat(StateFile.parse(cut).latest()).as(cut).isEqualTo("ckpt-8");
      } catch (IllegalArgumentException e) {
        assertThat(e)
            .as(cut)
            .hasMessageMatching("(?s)line \\d+: .*|model_checkpoint_path is missing");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "all_model_checkpoint_paths: \"ckpt-8\"\n",
        "model_checkpoint_path: \"ckpt-8\nx\"",
        "model_checkpoint_path: \"ckpt-8",
        "model_checkpoint_path: \"ckpt-8\\",
        "model_checkpoint_path: \"ckpt-8\\q\"",
        "model_checkpoint_path: \"ckpt-8\\x\"",
        "model_checkpoint_path: 8",
        "model_checkpoint_path \"ckpt-8\"",
        "model_checkpoint_path: \"a\" model_checkpoint_path: \"b\"",
        "model_checkpoint_path: \"a\" last_preserved_timestamp: soon",
        "model_checkpoint_path: [\"a\"",
        "model_checkpoint_path: {}",
        "\0\0\0\0"
      })
  void brokenTextIsRefused(String text) {
    assertThatThrownBy(() -> StateFile.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
