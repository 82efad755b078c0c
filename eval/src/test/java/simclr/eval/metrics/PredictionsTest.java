package simclr.eval.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import simclr.config.UserException;

final class PredictionsTest {
  @TempDir Path dir;

  @Test
  void whatIsWrittenIsRead() {
    Random random = new Random(1);
    for (int round = 0; round < 20; round++) {
      boolean withTop5 = random.nextBoolean();
      ImmutableList.Builder<Predictions.Row> rows = ImmutableList.builder();
      for (int i = 0; i <= random.nextInt(40); i++) {
        rows.add(
            new Predictions.Row(
                random.nextInt(9),
                random.nextInt(9),
                withTop5 ? Optional.of(random.nextBoolean()) : Optional.empty()));
      }
      Predictions written = new Predictions(rows.build());

      written.write(dir.resolve("p.csv"));

      assertThat(Predictions.read(dir.resolve("p.csv"))).isEqualTo(written);
    }
  }

  @Test
  void everyCutFileIsRefused() throws IOException {
    Path file = dir.resolve("p.csv");
    new Predictions(
            ImmutableList.of(
                new Predictions.Row(1, 1, Optional.of(true)),
                new Predictions.Row(2, 1, Optional.of(false))))
        .write(file);
    String whole = Files.readString(file);
    int secondLine = whole.indexOf("1,2,1");
    for (int length = 0; length < whole.length(); length++) {
      if (length == secondLine) {
        continue; // Whole lines: a shorter file that cannot be told from this one.
      }
      Files.writeString(file, whole.substring(0, length));
      assertThatThrownBy(() -> Predictions.read(file))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("p.csv");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0,1,1       | line 2 is "0,1,1", expected 4 fields
          1,1,1,true  | line 2 is "1,1,1,true", expected example 0
          0,x,1,true  | line 2 is "0,x,1,true", expected whole numbers from 0 on
          0,-1,1,true | line 2 is "0,-1,1,true", expected whole numbers from 0 on
          0,1,1,yes   | line 2 is "0,1,1,yes", expected correct_top5 to be true, false or empty
          """)
  void aWrongLineIsNamed(String line, String message) throws IOException {
    Path file = dir.resolve("p.csv");
    Files.writeString(file, "example,label,predicted,correct_top5\n" + line + "\n");

    assertThatThrownBy(() -> Predictions.read(file)).hasMessageContaining(message);
  }

  @Test
  void windowsLineEndsAreRead() throws IOException {
    Path file = dir.resolve("p.csv");
    Files.writeString(file, "example,label,predicted,correct_top5\r\n0,1,2,\r\n");

    assertThat(Predictions.read(file).rows())
        .containsExactly(new Predictions.Row(1, 2, Optional.empty()));
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> Predictions.read(dir.resolve("none.csv")))
        .hasMessageEndingWith("none.csv is not there, expected the predictions of an evaluation");
  }
}
